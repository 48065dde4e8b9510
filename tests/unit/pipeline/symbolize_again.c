/* symbolize_again.c: events of stripped libraries, with the files that were taken from them found later. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define LIBRARY QMON_BUILD_DIR "/victims/libsymbols.so"
#define NO_DEADLINE UINT64_MAX

static void *library;
static struct scratch scratch;
static char found[256];

static void set_up(void) {
    library = dlopen(LIBRARY, RTLD_NOW);
    cr_assert_not_null(library, "%s", dlerror());
    scratch = scratch_make();
    snprintf(found, sizeof found, "%s", scratch_path(&scratch, "found"));
    cr_assert_eq(mkdir(found, 0700), 0);
}

static void tear_down(void) {
    scratch_remove(&scratch);
    dlclose(library);
}

TestSuite(symbolize_again, .init = set_up, .fini = tear_down, .timeout = 30);

static const char *in_found(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", found, name);
    return path;
}

/* As stored: of a library that was stripped of all but what the loader needs, and is gone now. */
static struct qmon_event *stored_event(void) {
    const void *address = dlsym(library, "symbols_deep");
    const char *stripped = scratch_path(&scratch, "stripped.so");
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    struct qmon_event *event = code_event(&address, 1), *first;
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    first = code_event(&address, 1);
    first->modules[0].path = qmon_event_text(first, stripped);
    first->modules[0].build_id = qmon_event_text(first, event->threads[0].frames[0].build_id);
    qmon_symbolize(symbolizer, first, 0, NO_DEADLINE);
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
    return first;
}

static size_t again(struct qmon_event *event, size_t *ret_files) {
    bool is_cut;
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    cr_assert_eq(qmon_symbolizer_add_directory(symbolizer, found, ret_files, &is_cut), 0);
    cr_expect_not(is_cut);
    size_t better = qmon_symbolize_again(symbolizer, event, NO_DEADLINE);
    qmon_symbolizer_close(symbolizer);
    return better;
}

static void expect_full(const struct qmon_event *event) {
    const struct qmon_thread *thread = &event->threads[0];
    cr_assert_eq(thread->frame_count, 3);
    cr_expect_str_eq(thread->frames[0].function, "deep");
    cr_expect(thread->frames[0].inlined);
    cr_expect_str_eq(thread->frames[2].function, "symbols_outer");
    cr_expect_eq(thread->frames[0].line, (uint32_t) * (int *) dlsym(library, "symbols_deep_line"));
    cr_expect_eq(thread->frames[2].pc, (uintptr_t) dlsym(library, "symbols_deep"));
}

static void expect_with(const char *name, const char *option) {
    size_t files;
    struct qmon_event *event = stored_event();
    cr_assert_eq(event->threads[0].frame_count, 1);
    cr_expect_null(event->threads[0].frames[0].file);
    cr_assert_eq(TOOL(NULL, "objcopy", option, LIBRARY, in_found(name)), 0);
    cr_expect_eq(again(event, &files), 1);
    cr_expect_eq(files, 1);
    expect_full(event);
    qmon_event_free(event);
}

Test(symbolize_again, a_debug_file_alone_is_enough_whatever_its_name) {
    expect_with("whatever", "--only-keep-debug");
}

Test(symbolize_again, the_unstripped_library_will_do) {
    expect_with("libsymbols.so", "--verbose");
}

Test(symbolize_again, files_lie_where_they_like) {
    cr_assert_eq(mkdir(in_found(".build-id"), 0700), 0);
    cr_assert_eq(mkdir(in_found(".build-id/ab"), 0700), 0);
    expect_with(".build-id/ab/cdef.debug", "--only-keep-debug");
}

Test(symbolize_again, a_stripped_library_and_its_debug_file_go_together) {
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-all", LIBRARY, in_found("libsymbols.so")), 0);
    cr_assert_eq(TOOL(NULL, "objcopy", "--only-keep-debug", LIBRARY, in_found("libsymbols.so.debug")), 0);
    size_t files;
    struct qmon_event *event = stored_event();
    cr_expect_eq(again(event, &files), 1);
    cr_expect_eq(files, 2);
    expect_full(event);
    qmon_event_free(event);
}

Test(symbolize_again, a_file_of_another_build_is_not_believed) {
    size_t files;
    struct qmon_event *event = stored_event();
    event->modules[0].build_id = "00112233445566778899aabbccddeeff00112233";
    cr_assert_eq(TOOL(NULL, "objcopy", "--verbose", LIBRARY, in_found("stripped.so")), 0);
    cr_expect_eq(again(event, &files), 0);
    cr_expect_eq(files, 1);
    cr_expect_eq(event->threads[0].frame_count, 1);
    qmon_event_free(event);
}

Test(symbolize_again, what_was_known_stays_where_nothing_better_is_found) {
    const void *address = dlsym(library, "symbols_deep");
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    struct qmon_event *event = code_event(&address, 1);
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    qmon_symbolizer_close(symbolizer);
    event->modules[0].path = "/nowhere/libsymbols.so";
    event->threads[0].frames[2].omitted_after = 5;
    size_t files;
    cr_expect_eq(again(event, &files), 0);
    cr_expect_eq(files, 0);
    expect_full(event);
    cr_expect_eq(event->threads[0].frames[2].omitted_after, 5);
    qmon_event_free(event);
}

Test(symbolize_again, frames_of_interpreters_stay) {
    size_t files;
    struct qmon_event *event = stored_event();
    struct qmon_frame frames[2] = {{.function = "handle", .file = "app.py", .line = 7, .language = "python"},
                                   event->threads[0].frames[0]};
    event->threads[0].frames = frames;
    event->threads[0].frame_count = 2;
    cr_assert_eq(TOOL(NULL, "objcopy", "--only-keep-debug", LIBRARY, in_found("x.debug")), 0);
    cr_expect_eq(again(event, &files), 1);
    cr_assert_eq(event->threads[0].frame_count, 4);
    cr_expect_str_eq(event->threads[0].frames[0].file, "app.py");
    cr_expect_str_eq(event->threads[0].frames[1].function, "deep");
    qmon_event_free(event);
}

Test(symbolize_again, a_directory_that_is_not_there_is_an_error) {
    size_t files;
    bool is_cut;
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    cr_expect_eq(qmon_symbolizer_add_directory(symbolizer, "/nowhere", &files, &is_cut), -ENOENT);
    qmon_symbolizer_close(symbolizer);
}

/* The library under the C library's name, and under its own where another address is. */
static struct qmon_event *system_event(void) {
    const void *addresses[] = {dlsym(library, "symbols_deep"), dlsym(library, "symbols_deep")};
    const char *as_libc = scratch_path(&scratch, "libc.so.6");
    struct qmon_event *event = code_event(addresses, 2);
    struct qmon_module *modules = qmon_event_alloc(event, 2 * sizeof *modules);
    cr_assert_eq(TOOL(NULL, "objcopy", "--verbose", LIBRARY, as_libc), 0);
    modules[0] = modules[1] = event->modules[0];
    modules[0].path = qmon_event_text(event, as_libc);
    modules[1].start += 1ull << 40;
    modules[1].end += 1ull << 40;
    event->modules = modules;
    event->module_count = 2;
    event->threads[0].frames[1].pc += 1ull << 40;
    return event;
}

Test(symbolize_again, the_c_library_has_names_at_once_and_lines_for_readers) {
    struct qmon_event *event = system_event();
    struct qmon_symbolizer *first = qmon_symbolizer_open(), *thorough = qmon_symbolizer_open();
    qmon_symbolize(first, event, 0, NO_DEADLINE);
    cr_assert_eq(event->threads[0].frame_count, 4);
    cr_expect_str_eq(event->threads[0].frames[0].function, "symbols_outer");
    cr_expect_null(event->threads[0].frames[0].file);
    cr_expect_not_null(event->threads[0].frames[1].file);
    event->origin = 2;
    event->threads[0].frames[3].function = "as it was";
    qmon_symbolizer_be_thorough(thorough);
    cr_expect_eq(qmon_symbolize_system(thorough, event, NO_DEADLINE), 1);
    cr_assert_eq(event->threads[0].frame_count, 6);
    cr_expect_str_eq(event->threads[0].frames[0].function, "deep");
    cr_expect_eq(event->threads[0].frames[0].role, QMON_ROLE_LIBC);
    cr_expect_str_eq(event->threads[0].frames[5].function, "as it was");
    cr_expect_eq(event->origin, 4);
    cr_expect_eq(qmon_symbolize_system(thorough, event, NO_DEADLINE), 0);
    qmon_symbolizer_close(first);
    qmon_symbolizer_close(thorough);
    qmon_event_free(event);
}
