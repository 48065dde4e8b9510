/* symbolize_split.c: code whose debug information the compiler put into files of its own. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define SOURCE QMON_SOURCE_DIR "/tests/victims/libsymbols.c"
#define NO_DEADLINE UINT64_MAX

static struct scratch scratch;
static char library[512];
static size_t notes; /* of the last event */

static void set_up(void) {
    scratch = scratch_make();
    snprintf(library, sizeof library, "%s", scratch_path(&scratch, "libsplit.so"));
}

static void tear_down(void) {
    scratch_remove(&scratch);
}

TestSuite(symbolize_split, .init = set_up, .fini = tear_down, .timeout = 60);

static void compile(const char *dwarf) {
    cr_assert_eq(TOOL(NULL, "cc", "-O2", "-fPIC", "-shared", "-g", dwarf, "-gsplit-dwarf", SOURCE, "-o", library), 0);
}

/* The compiler's own names for its files; there is one. */
static void for_split_file(void (*act)(const char *path)) {
    DIR *directory = opendir(scratch_path(&scratch, ""));
    char path[1024] = "";
    cr_assert_not_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (strstr(entry->d_name, ".dwo"))
            snprintf(path, sizeof path, "%s/%s", scratch_path(&scratch, ""), entry->d_name);
    closedir(directory);
    cr_assert_str_not_empty(path, "the compiler left no .dwo file");
    act(path);
}

static void remove_file(const char *path) {
    cr_assert_eq(unlink(path), 0);
}

static size_t frames_of(const char *symbol, char ret_names[256]) {
    void *loaded = dlopen(library, RTLD_NOW);
    cr_assert_not_null(loaded, "%s", dlerror());
    const void *address = dlsym(loaded, symbol);
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    struct qmon_event *event = code_event(&address, 1);
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    const size_t count = event->threads[0].frame_count;
    notes = event->note_count;
    *ret_names = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct qmon_frame *frame = &event->threads[0].frames[i];
        const size_t used = strlen(ret_names);
        cr_expect(frame->line > 0 && frame->file && strstr(frame->file, "libsymbols.c"), "frame %zu", i);
        snprintf(ret_names + used, 256 - used, "%s%s", i ? " " : "", frame->function ? frame->function : "?");
    }
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
    dlclose(loaded);
    return count;
}

static void expect_inlined(void) {
    char names[256];
    cr_expect_eq(frames_of("symbols_deep", names), 3);
    cr_expect_str_eq(names, "deep middle symbols_outer");
    cr_expect_eq(notes, 0);
}

Test(symbolize_split, inlined_functions_come_from_the_file_of_their_unit) {
    compile("-gdwarf-5");
    expect_inlined();
    compile("-gdwarf-4");
    expect_inlined();
}

Test(symbolize_split, or_from_a_package_beside_the_program) {
    char package[600];
    compile("-gdwarf-4");
    snprintf(package, sizeof package, "%s.dwp", library);
    cr_assert_eq(TOOL(NULL, "dwp", "-e", library, "-o", package), 0);
    for_split_file(remove_file);
    expect_inlined();
}

Test(symbolize_split, without_them_the_skeleton_has_lines_and_the_symbol_table_names) {
    char names[256];
    compile("-gdwarf-5");
    for_split_file(remove_file);
    cr_expect_eq(frames_of("symbols_deep", names), 1);
    cr_expect_str_eq(names, "symbols_outer");
    cr_expect_eq(notes, 1, "that they are missing is told");
}

static void compile_something_else(const char *path) {
    char other[600];
    snprintf(other, sizeof other, "%s", scratch_path(&scratch, "other.so"));
    cr_assert_eq(TOOL(NULL, "cc", "-O0", "-fPIC", "-shared", "-g", "-gdwarf-5", "-gsplit-dwarf", SOURCE, "-o", other),
                 0);
    snprintf(other, sizeof other, "%s-libsymbols.dwo", scratch_path(&scratch, "other.so"));
    cr_assert_eq(rename(other, path), 0, "%s", other);
}

Test(symbolize_split, a_file_of_another_build_is_not_believed) {
    char names[256];
    compile("-gdwarf-5");
    for_split_file(compile_something_else);
    cr_expect_eq(frames_of("symbols_deep", names), 1);
    cr_expect_str_eq(names, "symbols_outer");
}
