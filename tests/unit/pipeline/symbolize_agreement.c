/* symbolize.c beside llvm-symbolizer: the same lines, files and inlines for addresses all over a library and this program. */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#include "function_name.h"
#include "scratch.h"
#include "tool.h"

#define ADDRESSES 300
#define BASE 0x7f0000000000u

struct text_section {
    uint64_t address, offset, bytes;
};

static struct text_section find_text(const char *path) {
    struct text_section text = {0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0 && !fstat(fd, &status), "%s", path);
    const unsigned char *image = mmap(NULL, (size_t) status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    cr_assert_neq(image, MAP_FAILED);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *) image;
    const Elf64_Shdr *sections = (const Elf64_Shdr *) (image + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        const char *name = (const char *) image + sections[header->e_shstrndx].sh_offset + sections[i].sh_name;
        if (!strcmp(name, ".text"))
            text = (struct text_section){sections[i].sh_addr, sections[i].sh_offset, sections[i].sh_size};
    }
    munmap((void *) image, (size_t) status.st_size);
    cr_assert_gt(text.bytes, 0);
    return text;
}

static struct qmon_event *ours(const char *path, const struct text_section *text, uint64_t addresses[ADDRESSES]) {
    struct qmon_event *event = qmon_event_new(1);
    static struct qmon_module module;
    static struct qmon_thread thread;
    uint64_t random = 12345;
    module = (struct qmon_module){path, NULL, BASE, BASE + (1ull << 32), 0};
    thread = (struct qmon_thread){.frames = qmon_event_alloc(event, ADDRESSES * sizeof *thread.frames),
                                  .frame_count = ADDRESSES};
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t distance = (random >> 20) % text->bytes;
        addresses[i] = text->address + distance;
        thread.frames[i] = (struct qmon_frame){.index = i, .pc = BASE + text->offset + distance, .exact = true};
    }
    event->modules = &module;
    event->module_count = 1;
    event->threads = &thread;
    event->thread_count = 1;
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    qmon_symbolize(symbolizer, event, 0, UINT64_MAX);
    qmon_symbolizer_close(symbolizer);
    return event;
}

static char *theirs(const struct scratch *scratch, const char *path, const uint64_t addresses[ADDRESSES]) {
    static char words[ADDRESSES][24], object[4200];
    const char *arguments[ADDRESSES + 3] = {"llvm-symbolizer", object};
    snprintf(object, sizeof object, "--obj=%s", path);
    for (size_t i = 0; i < ADDRESSES; i++) {
        snprintf(words[i], sizeof words[i], "0x%llx", (unsigned long long) addresses[i]);
        arguments[i + 2] = words[i];
    }
    cr_assert_eq(tool_run(scratch_path(scratch, "llvm.out"), arguments), 0);
    return scratch_read(scratch_path(scratch, "llvm.out"));
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The last part of a function's plain name: what the two agree on whether or not there is a linkage name. */
static void last_part(const char *function, char *ret_name, size_t bytes) {
    char plain[1024];
    qmon__plain_function(function, plain, sizeof plain);
    const char *part = plain;
    for (const char *at = plain; (at = strstr(at, "::")); at += 2)
        if (at[2] != '{')
            part = at + 2;
    snprintf(ret_name, bytes, "%s", part);
}

/* "function\nfile:line:column\n" for each frame, an empty line after each address. */
static void compare_frame(const struct qmon_frame *frame, char **function, char **place) {
    char *column = strrchr(*place, ':'), mine[1024], other[1024];
    *column = '\0';
    char *line = strrchr(*place, ':');
    *line = '\0';
    unsigned long number = strtoul(line + 1, NULL, 10);
    if (!number) /* a symbol only, whose file they name; or code that is no line's, where we name the line before it, as gdb does */
        return;
    cr_expect_eq(frame->line, number, "0x%llx %s: line %u, they say %lu", (unsigned long long) frame->offset,
                 frame->function, frame->line, number);
    cr_expect_str_eq(base_name(frame->file ? frame->file : "?"), base_name(*place));
    if (!strncmp(*function, "_Z", 2) ||
        strstr(*function, "operator<")) /* they cannot read it, or write it ambiguously */
        return;
    last_part(frame->function ? frame->function : "??", mine, sizeof mine);
    last_part(*function, other, sizeof other);
    size_t length = strlen(mine); /* a header may let the linker see open() as open64() */
    if (!strncmp(mine, other, length) && !strcmp(other + length, "64"))
        return;
    cr_expect_str_eq(mine, other, "0x%llx: %s, they say %s", (unsigned long long) frame->offset, frame->function,
                     *function);
}

static void compare(const char *path) {
    struct scratch scratch = scratch_make();
    struct text_section text = find_text(path);
    uint64_t addresses[ADDRESSES];
    if (!tool_exists("llvm-symbolizer"))
        cr_skip_test("llvm-symbolizer is not installed");
    struct qmon_event *event = ours(path, &text, addresses);
    char *output = theirs(&scratch, path, addresses), *rest = output;
    size_t at = 0, resolved = 0;
    for (size_t i = 0; i < ADDRESSES; i++) {
        size_t frames = 0;
        for (char *function; (function = strsep(&rest, "\n")) && *function; frames++) {
            char *place = strsep(&rest, "\n");
            cr_assert(place && at < event->threads[0].frame_count);
            const struct qmon_frame *frame = &event->threads[0].frames[at++];
            cr_assert_eq(frame->index, i, "0x%llx: another number of inlined frames",
                         (unsigned long long) addresses[i]);
            resolved += frame->line != 0;
            compare_frame(frame, &function, &place);
        }
        cr_assert_gt(frames, 0);
    }
    cr_expect_eq(at, event->threads[0].frame_count);
    cr_expect_gt(resolved, ADDRESSES / 2);
    free(output);
    qmon_event_free(event);
    scratch_remove(&scratch);
}

Test(symbolize_agreement, on_a_cpp_library, .timeout = 60) {
    compare(QMON_BUILD_DIR "/victims/libtemplates.so");
}

Test(symbolize_agreement, on_this_program, .timeout = 60) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    cr_assert_gt(length, 0);
    path[length] = '\0';
    compare(path);
}
