/* symbolize.c: functions, lines and inlines of code of our own, of every kind of file that they can come from. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define LIBRARY QMON_BUILD_DIR "/victims/libsymbols.so"
#define NO_DEADLINE UINT64_MAX

static void *library;
static struct qmon_symbolizer *symbolizer;
static struct scratch scratch;

static void set_up(void) {
    library = dlopen(LIBRARY, RTLD_NOW);
    cr_assert_not_null(library, "%s", dlerror());
    symbolizer = qmon_symbolizer_open();
    scratch = scratch_make();
}

static void tear_down(void) {
    qmon_symbolizer_close(symbolizer);
    scratch_remove(&scratch);
    dlclose(library);
}

TestSuite(symbolize, .init = set_up, .fini = tear_down, .timeout = 30);

static const void *place(const char *symbol) {
    const void *address = dlsym(library, symbol);
    cr_assert_not_null(address, "%s", symbol);
    return address;
}

static uint32_t line_of(const char *symbol) {
    return (uint32_t) * (const int *) place(symbol);
}

/* The event of one place of the library, as if the library had been loaded from `path`. */
static struct qmon_event *symbolized(const char *symbol, const char *path, const char *build_id) {
    const void *address = place(symbol);
    struct qmon_event *event = code_event(&address, 1);
    if (path)
        event->modules[0].path = qmon_event_text(event, path);
    event->modules[0].build_id = qmon_event_text(event, build_id);
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    return event;
}

static const struct qmon_frame *first(const struct qmon_event *event) {
    return &event->threads[0].frames[0];
}

static const struct qmon_frame *outermost(const struct qmon_event *event) {
    return &event->threads[0].frames[event->threads[0].frame_count - 1];
}

static const char *base_name(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

static void expect_frame(const struct qmon_event *event, size_t index, const char *function, const char *file,
                         uint32_t line, bool inlined) {
    cr_assert_gt(event->threads[0].frame_count, index);
    const struct qmon_frame *frame = &event->threads[0].frames[index];
    cr_assert_not_null(frame->function);
    cr_expect_str_eq(frame->function, function);
    if (file) {
        cr_assert_not_null(frame->file, "no file for %s", function);
        cr_expect_str_eq(base_name(frame->file), file);
    } else {
        cr_expect_null(frame->file);
    }
    cr_expect_eq(frame->line, line, "%s: line %u, not %u", function, frame->line, line);
    cr_expect_eq(frame->inlined, inlined, "%s", function);
}

static void expect_full(const struct qmon_event *event) {
    cr_assert_eq(event->threads[0].frame_count, 3);
    expect_frame(event, 0, "deep", "libsymbols.c", line_of("symbols_deep_line"), true);
    expect_frame(event, 1, "middle", "libsymbols.c", line_of("symbols_middle_line"), true);
    expect_frame(event, 2, "symbols_outer", "libsymbols.c", line_of("symbols_outer_line"), false);
}

Test(symbolize, finds_the_function_its_lines_and_what_was_inlined) {
    struct qmon_event *event = symbolized("symbols_deep", NULL, NULL);
    expect_full(event);
    const struct qmon_frame *outer = &event->threads[0].frames[2];
    cr_expect_eq(outer->function_offset, (uintptr_t) place("symbols_deep") - (uintptr_t) place("symbols_outer"));
    cr_expect_eq(outer->role, QMON_ROLE_APP);
    cr_expect_not_null(outer->build_id);
    Dl_info info;
    dladdr(place("symbols_deep"), &info);
    cr_expect_eq(outer->offset, (uintptr_t) place("symbols_deep") - (uintptr_t) info.dli_fbase);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(event->threads[0].frames[i].index, 0);
        cr_expect_eq(event->threads[0].frames[i].pc, (uintptr_t) place("symbols_deep"));
    }
    cr_expect_eq(event->note_count, 0);
    qmon_event_free(event);
}

Test(symbolize, finds_the_part_of_a_function_that_stands_elsewhere) {
    struct qmon_event *event = symbolized("symbols_in_split", NULL, NULL);
    expect_frame(event, 0, "symbols_splits", "libsymbols.c", first(event)->line, false);
    cr_expect_gt(first(event)->line, 0);
    qmon_event_free(event);
}

Test(symbolize, a_return_address_belongs_to_the_function_before_it) {
    const void *address = place("symbols_outer");
    struct qmon_event *event = code_event(&address, 1);
    event->threads[0].frames[0].exact = false;
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    cr_expect(!outermost(event)->function || strcmp(outermost(event)->function, "symbols_outer"));
    qmon_event_free(event);

    event = code_event(&address, 1);
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    cr_expect_str_eq(outermost(event)->function, "symbols_outer");
    qmon_event_free(event);
}

static const char *variant(const char *name) {
    return scratch_path(&scratch, name);
}

Test(symbolize, without_debug_information_functions_are_named) {
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-debug", LIBRARY, variant("nodebug.so")), 0);
    struct qmon_event *event = symbolized("symbols_in_hidden", variant("nodebug.so"), NULL);
    expect_frame(event, 0, "hidden", NULL, 0, false);
    cr_expect_eq(first(event)->function_offset < 64, true);
    qmon_event_free(event);
}

Test(symbolize, without_symbols_exported_functions_are_named_and_no_other) {
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-all", LIBRARY, variant("bare.so")), 0);
    struct qmon_event *event = symbolized("symbols_outer", variant("bare.so"), NULL);
    expect_frame(event, 0, "symbols_outer", NULL, 0, false);
    qmon_event_free(event);
    event = symbolized("symbols_in_hidden", variant("bare.so"), NULL);
    cr_expect(!first(event)->function || !strstr(first(event)->function, "symbols_outer"), "%s",
              first(event)->function);
    cr_expect_gt(first(event)->offset, 0);
    cr_expect_str_eq(first(event)->module, variant("bare.so"));
    qmon_event_free(event);
}

Test(symbolize, follows_a_debug_link_beside_the_file_and_below_it) {
    cr_assert_eq(TOOL(NULL, "objcopy", "--only-keep-debug", LIBRARY, variant("s.debug")), 0);
    char link[SCRATCH_BYTES + 64];
    snprintf(link, sizeof link, "--add-gnu-debuglink=%s", variant("s.debug"));
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-all", link, LIBRARY, variant("linked.so")), 0);
    struct qmon_event *event = symbolized("symbols_deep", variant("linked.so"), NULL);
    expect_full(event);
    qmon_event_free(event);

    cr_assert_eq(TOOL(NULL, "mkdir", variant(".debug")), 0);
    cr_assert_eq(TOOL(NULL, "mv", variant("s.debug"), variant(".debug/s.debug")), 0);
    event = symbolized("symbols_deep", variant("linked.so"), NULL);
    expect_full(event);
    qmon_event_free(event);
}

Test(symbolize, a_debug_file_of_another_build_is_not_believed) {
    cr_assert_eq(
        TOOL(NULL, "objcopy", "--only-keep-debug", QMON_BUILD_DIR "/victims/libtemplates.so", variant("s.debug")), 0);
    char link[SCRATCH_BYTES + 64];
    snprintf(link, sizeof link, "--add-gnu-debuglink=%s", variant("s.debug"));
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-all", link, LIBRARY, variant("linked.so")), 0);
    struct qmon_event *event = symbolized("symbols_outer", variant("linked.so"), NULL);
    expect_frame(event, 0, "symbols_outer", NULL, 0, false);
    qmon_event_free(event);
}

Test(symbolize, reads_compressed_sections_new_and_old) {
    static const char *const kinds[] = {"--compress-debug-sections=zlib-gabi", "--compress-debug-sections=zlib-gnu",
                                        "--compress-debug-sections=zstd"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        cr_assert_eq(TOOL(NULL, "objcopy", kinds[i], LIBRARY, variant("packed.so")), 0);
        struct qmon_event *event = symbolized("symbols_deep", variant("packed.so"), NULL);
        expect_full(event);
        cr_expect_eq(event->note_count, 0);
        qmon_event_free(event);
    }
}

/* Every compressed section of the file, changed. */
static void edit_compressed(const char *path, void (*edit)(Elf64_Chdr *header)) {
    struct stat status;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0 && !fstat(fd, &status), "%s", path);
    unsigned char *image = mmap(NULL, (size_t) status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    cr_assert_neq(image, MAP_FAILED);
    const Elf64_Ehdr *file = (const Elf64_Ehdr *) image;
    const Elf64_Shdr *sections = (const Elf64_Shdr *) (image + file->e_shoff);
    for (unsigned i = 0; i < file->e_shnum; i++)
        if (sections[i].sh_flags & SHF_COMPRESSED)
            edit((Elf64_Chdr *) (image + sections[i].sh_offset));
    munmap(image, (size_t) status.st_size);
}

static void name_unknown_method(Elf64_Chdr *header) {
    header->ch_type = 77;
}

static void damage_stream(Elf64_Chdr *header) {
    memset(header + 1, 0xa5, 16);
}

static void promise_too_much(Elf64_Chdr *header) {
    header->ch_size = UINT64_MAX / 2;
}

static void promise_one_more(Elf64_Chdr *header) {
    header->ch_size++;
}

Test(symbolize, what_cannot_be_decompressed_leaves_the_symbol_table_and_an_unknown_way_is_named) {
    static void (*const edits[])(Elf64_Chdr *) = {name_unknown_method, damage_stream, promise_too_much,
                                                  promise_one_more};
    static const char *const kinds[] = {"--compress-debug-sections=zlib-gabi", "--compress-debug-sections=zstd"};
    for (size_t i = 0; i < 2 * sizeof edits / sizeof *edits; i++) {
        cr_assert_eq(TOOL(NULL, "objcopy", kinds[i % 2], LIBRARY, variant("odd.so")), 0);
        edit_compressed(variant("odd.so"), edits[i / 2]);
        struct qmon_event *event = symbolized("symbols_outer", variant("odd.so"), NULL);
        expect_frame(event, 0, "symbols_outer", NULL, 0, false);
        cr_assert_eq(event->note_count, edits[i / 2] == name_unknown_method);
        if (event->note_count)
            cr_expect_not_null(strstr(event->notes[0], "compressed in a way that is not known here"), "%s",
                               event->notes[0]);
        qmon_event_free(event);
    }
}

Test(symbolize, reads_mini_debug_information) {
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-debug", LIBRARY, variant("mini")), 0);
    cr_assert_eq(TOOL(NULL, "xz", variant("mini")), 0);
    char section[SCRATCH_BYTES + 64];
    snprintf(section, sizeof section, ".gnu_debugdata=%s", variant("mini.xz"));
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-all", "--add-section", section, LIBRARY, variant("mini.so")), 0);
    struct qmon_event *event = symbolized("symbols_in_hidden", variant("mini.so"), NULL);
    expect_frame(event, 0, "hidden", NULL, 0, false);
    qmon_event_free(event);
}

Test(symbolize, a_file_that_is_not_the_one_that_was_loaded_is_not_used_and_that_is_said) {
    struct qmon_event *event = symbolized("symbols_outer", NULL, "0123456789abcdef0123456789abcdef01234567");
    cr_expect_null(first(event)->function);
    cr_expect_gt(first(event)->offset, 0);
    cr_expect_str_eq(first(event)->build_id, "0123456789abcdef0123456789abcdef01234567");
    cr_assert_eq(event->note_count, 1);
    cr_expect_not_null(strstr(event->notes[0], "not the one that was loaded"), "%s", event->notes[0]);
    qmon_event_free(event);
}

Test(symbolize, a_file_that_is_gone_or_no_elf_file_leaves_module_and_offset) {
    static const char *const paths[] = {"/nowhere/at/all.so", "/dev/null", "/etc/passwd", "/", "/dev/shm"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct qmon_event *event = symbolized("symbols_outer", paths[i], NULL);
        cr_expect_null(first(event)->function);
        cr_expect_str_eq(first(event)->module, paths[i]);
        cr_expect_gt(first(event)->offset, 0);
        cr_expect_eq(event->note_count, 1);
        qmon_event_free(event);
    }
}

Test(symbolize, a_pipe_in_the_place_of_a_file_holds_nobody_up) {
    cr_assert_eq(TOOL(NULL, "mkfifo", variant("pipe.so")), 0);
    struct qmon_event *event = symbolized("symbols_outer", variant("pipe.so"), NULL);
    cr_expect_null(first(event)->function);
    qmon_event_free(event);
}

Test(symbolize, a_function_that_ended_in_a_call_is_told_where_debug_information_knows_of_it) {
    int (*outer)(int);
    *(const void **) &outer = place("symbols_tail_outer");
    outer(1);
    const void *addresses[] = {place("symbols_in_tail_last"), *(const void *const *) place("symbols_tail_return")};
    struct qmon_event *event = code_event(addresses, 2);
    event->threads[0].frames[1].exact = false;
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    cr_assert_eq(event->threads[0].frame_count, 3);
    cr_expect_str_eq(event->threads[0].frames[0].function, "tail_last");
    expect_frame(event, 1, "tail_first", "libsymbols.c", line_of("symbols_tail_line"), false);
    cr_expect_str_eq(event->threads[0].frames[2].function, "symbols_tail_outer");
    cr_expect(event->threads[0].frames[1].tail_call);
    cr_expect_not(event->threads[0].frames[2].tail_call);
    cr_expect_eq(event->threads[0].frames[1].index, 1);
    qmon_event_free(event);
}

static const char of_no_line[] = "void of_no_line(void) {\n"
                                 "    __asm__(\".loc 1 7\\nnop\\n.loc 1 0\\nnop\\nnop\\n.loc 1 9\\nnop\");\n"
                                 "}\n";

Test(symbolize, code_that_is_of_no_line_is_told_by_the_line_before_it) {
    scratch_write(&scratch, "no_line.c", of_no_line);
    cr_assert_eq(TOOL(NULL, "cc", "-g", "-O2", "-fcf-protection=none", "-shared", "-fPIC", variant("no_line.c"), "-o",
                      variant("libnoline.so")),
                 0);
    void *loaded = dlopen(variant("libnoline.so"), RTLD_NOW);
    cr_assert_not_null(loaded, "%s", dlerror());
    static const uint32_t lines[] = {7, 7, 7, 9};
    for (size_t i = 0; i < 4; i++) {
        const void *address = (const char *) dlsym(loaded, "of_no_line") + i;
        struct qmon_event *event = code_event(&address, 1);
        qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
        cr_expect_eq(first(event)->line, lines[i], "byte %zu: line %u", i, first(event)->line);
        qmon_event_free(event);
    }
    dlclose(loaded);
}
