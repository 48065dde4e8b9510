/* symbolize_fetched.c: debug files from a debuginfod server; here one that is a directory (file://), laid out as theirs is. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define LIBRARY QMON_BUILD_DIR "/victims/libsymbols.so"
#define NO_DEADLINE UINT64_MAX

static struct scratch scratch;
static void *library;
static char stripped[512], cache[512], url[600];

/* AddressSanitizer's: what dprintf() in libdebuginfod allocates is never freed, and that is not ours to mend. */
void __lsan_disable(void) __attribute__((weak));

static void set_up(void) {
    if (__lsan_disable != NULL)
        __lsan_disable();
    scratch = scratch_make();
    library = dlopen(LIBRARY, RTLD_NOW);
    cr_assert_not_null(library, "%s", dlerror());
    snprintf(stripped, sizeof stripped, "%s", scratch_path(&scratch, "stripped.so"));
    snprintf(cache, sizeof cache, "%s", scratch_path(&scratch, "cache"));
    snprintf(url, sizeof url, "file://%s", scratch_path(&scratch, "server"));
    cr_assert_eq(TOOL(NULL, "objcopy", "--strip-debug", LIBRARY, stripped), 0);
}

static void tear_down(void) {
    dlclose(library);
    scratch_remove(&scratch);
}

TestSuite(symbolize_fetched, .init = set_up, .fini = tear_down, .timeout = 60);

static size_t frames_known(char ret_build_id[80]) {
    const void *address = dlsym(library, "symbols_deep");
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    struct qmon_event *event = code_event(&address, 1);
    event->modules[0].path = stripped;
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    const size_t count = event->threads[0].frame_count;
    if (ret_build_id)
        snprintf(ret_build_id, 80, "%s", event->threads[0].frames[0].build_id);
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
    return count;
}

/* What the server has for this build id. */
static void serve(const char *build_id, const char *file) {
    char path[1024];
    snprintf(path, sizeof path, "%s", scratch_path(&scratch, "server"));
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/buildid", scratch_path(&scratch, "server"));
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/buildid/%s", scratch_path(&scratch, "server"), build_id);
    mkdir(path, 0700);
    strcat(path, "/debuginfo");
    cr_assert_eq(TOOL(NULL, "cp", file, path), 0);
}

static bool is_installed(void) {
    void *handle = dlopen("libdebuginfod.so.1", RTLD_LAZY);
    if (!handle)
        cr_skip("libdebuginfod is not installed");
    return handle != NULL;
}

Test(symbolize_fetched, nobody_is_asked_unless_told_to) {
    char build_id[80];
    cr_expect_eq(frames_known(build_id), 1);
    serve(build_id, LIBRARY);
    setenv("DEBUGINFOD_URLS", url, 1);
    cr_expect_eq(frames_known(NULL), 1);
    qmon_debuginfod_configure("", cache);
    cr_expect_eq(frames_known(NULL), 1);
}

Test(symbolize_fetched, the_debug_file_is_asked_of_the_server_that_was_named) {
    char build_id[80];
    if (!is_installed())
        return;
    cr_assert_eq(frames_known(build_id), 1);
    serve(build_id, LIBRARY);
    qmon_debuginfod_configure(url, cache);
    cr_expect_eq(frames_known(NULL), 3);
}

Test(symbolize_fetched, what_a_server_sends_is_believed_only_with_the_right_build_id) {
    char build_id[80];
    if (!is_installed())
        return;
    cr_assert_eq(frames_known(build_id), 1);
    serve(build_id, QMON_BUILD_DIR "/victims/libtemplates.so");
    qmon_debuginfod_configure(url, cache);
    cr_expect_eq(frames_known(NULL), 1);
}

Test(symbolize_fetched, a_server_that_is_not_there_costs_nothing_but_the_names) {
    if (!is_installed())
        return;
    qmon_debuginfod_configure("http://127.0.0.1:1/", cache);
    cr_expect_eq(frames_known(NULL), 1);
}
