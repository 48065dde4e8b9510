/* symbolize.c: what is found with the process still there, and what happens when time, memory or files run out. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define LIBRARY QMON_BUILD_DIR "/victims/libsymbols.so"
#define NO_DEADLINE UINT64_MAX

static const struct qmon_frame *first(const struct qmon_event *event) {
    return &event->threads[0].frames[0];
}

static void expect_outermost(const struct qmon_event *event, const char *function) {
    const struct qmon_frame *frame = &event->threads[0].frames[event->threads[0].frame_count - 1];
    cr_assert_not_null(frame->function);
    cr_expect_str_eq(frame->function, function);
}

Test(symbolize_live, code_of_a_deleted_file_is_read_through_the_process, .timeout = 30) {
    struct scratch scratch = scratch_make();
    const char *copy = scratch_path(&scratch, "gone.so");
    cr_assert_eq(TOOL(NULL, "cp", LIBRARY, copy), 0);
    void *library = dlopen(copy, RTLD_NOW);
    cr_assert_not_null(library, "%s", dlerror());
    unlink(copy);
    const void *address = dlsym(library, "symbols_outer");
    struct qmon_event *event = code_event(&address, 1);
    cr_assert_not_null(strstr(event->modules[0].path, " (deleted)"));
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();

    char mapping[128];
    snprintf(mapping, sizeof mapping, "/proc/self/map_files/%lx-%lx", (unsigned long) event->modules[0].start,
             (unsigned long) event->modules[0].end);
    qmon_symbolize(symbolizer, event, (uint32_t) getpid(), NO_DEADLINE);
    if (access(mapping, R_OK)) { /* for the superuser only */
        cr_expect_null(first(event)->function);
        cr_expect_not_null(strstr(event->notes[0], "deleted"));
    } else {
        expect_outermost(event, "symbols_outer");
        cr_expect_gt(first(event)->line, 0);
    }
    qmon_event_free(event);

    event = code_event(&address, 1); /* the process gone, nothing is left */
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    cr_expect_null(first(event)->function);
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
    dlclose(library);
    scratch_remove(&scratch);
}

Test(symbolize_live, the_deleted_program_itself_is_read_through_the_process, .timeout = 30) {
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    const void *address = (const void *) (uintptr_t) qmon_symbolize;
    struct qmon_event *event = code_event(&address, 1);
    event->process.executable = "/nowhere/program";
    event->modules[0].path = "/nowhere/program (deleted)";
    event->modules[0].start += 4096; /* no such mapping: only /proc/PID/exe is left */
    event->modules[0].file_offset += 4096;
    qmon_symbolize(symbolizer, event, (uint32_t) getpid(), NO_DEADLINE);
    expect_outermost(event, "qmon_symbolize");
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
}

Test(symbolize_live, code_that_the_kernel_gives_to_a_process_has_names, .timeout = 30) {
    const char *vdso = (const char *) getauxval(AT_SYSINFO_EHDR);
    const void *addresses[256];
    size_t named = 0;
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    if (!vdso)
        cr_skip_test("no vdso here");
    for (size_t i = 0; i < 256; i++)
        addresses[i] = vdso + i * 16;
    struct qmon_event *event = code_event(addresses, 256);
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    for (size_t i = 0; i < event->threads[0].frame_count; i++) {
        const struct qmon_frame *frame = &event->threads[0].frames[i];
        cr_expect_eq(frame->role, QMON_ROLE_LIBC);
        named += frame->function && (strstr(frame->function, "clock") || strstr(frame->function, "gettime"));
    }
    cr_expect_gt(named, 0);
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
}

Test(symbolize_live, an_address_outside_of_every_module_keeps_its_place, .timeout = 30) {
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    const void *address = (const void *) (uintptr_t) qmon_symbolize;
    struct qmon_event *event = code_event(&address, 1);
    event->threads[0].frames[0].pc = 0;
    event->threads[0].frames[0].exact = false;
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    cr_expect_eq(event->threads[0].frame_count, 1);
    cr_expect_null(first(event)->module);
    cr_expect_null(first(event)->function);
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
}

Test(symbolize_live, when_the_time_is_over_modules_and_offsets_are_left, .timeout = 30) {
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    const void *address = (const void *) (uintptr_t) qmon_symbolize;
    struct qmon_event *event = code_event(&address, 1);
    qmon_symbolize(symbolizer, event, 0, 0);
    cr_expect_null(first(event)->function);
    cr_expect_not_null(first(event)->module);
    cr_expect_gt(first(event)->offset, 0);
    cr_assert_eq(event->note_count, 1);
    cr_expect_not_null(strstr(event->notes[0], "time for symbols ran out"), "%s", event->notes[0]);
    qmon_event_free(event);

    event = code_event(&address, 1); /* and it does no harm to the next event */
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    expect_outermost(event, "qmon_symbolize");
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
}

static uint64_t in_ms(uint64_t ms) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000 + ms;
}

Test(symbolize_live, compressed_debug_information_is_not_begun_when_the_time_is_short_for_it, .timeout = 30) {
    struct scratch scratch = scratch_make();
    const char *copy = scratch_path(&scratch, "packed.so");
    const char *library = QMON_BUILD_DIR "/victims/libtemplates.so";
    cr_assert_eq(TOOL(NULL, "objcopy", "--compress-debug-sections=zlib-gabi", library, copy), 0);
    void *loaded = dlopen(library, RTLD_NOW);
    cr_assert_not_null(loaded, "%s", dlerror());
    for (uint64_t ms = 1; ms <= 10000; ms *= 10000) {
        const void *address = dlsym(loaded, "templates_run");
        struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
        struct qmon_event *event = code_event(&address, 1);
        event->modules[0].path = copy;
        qmon_symbolize(symbolizer, event, 0, in_ms(ms));
        cr_expect_eq(first(event)->line != 0, ms > 1);
        cr_expect_eq(event->note_count, ms == 1);
        qmon_event_free(event);
        qmon_symbolizer_close(symbolizer);
    }
    dlclose(loaded);
    scratch_remove(&scratch);
}

void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

Test(symbolize_live, a_file_that_shrinks_while_it_is_read_costs_its_symbols_only, .timeout = 30) {
    struct scratch scratch = scratch_make();
    const char *copy = scratch_path(&scratch, "shrinks.so");
    cr_assert_eq(TOOL(NULL, "cp", LIBRARY, copy), 0);
    void *library = dlopen(LIBRARY, RTLD_NOW);
    cr_assert_not_null(library, "%s", dlerror());
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    if (__lsan_disable)
        __lsan_disable(); /* what was being read is lost */
    for (int round = 0; round < 2; round++) {
        const void *addresses[] = {dlsym(library, round ? "symbols_calls_hidden" : "symbols_outer"),
                                   (const void *) (uintptr_t) qmon_symbolize};
        struct qmon_event *event = code_event(addresses, 2);
        Dl_info info;
        dladdr(addresses[0], &info);
        event->modules[0].path = copy;
        event->modules[0].build_id = "";
        char id[65] = "";
        struct qmon_event *probe = code_event(addresses, 1);
        qmon_symbolize(symbolizer, probe, 0, NO_DEADLINE);
        strncpy(id, first(probe)->build_id ? first(probe)->build_id : "", 64);
        event->modules[0].build_id = id;
        if (round)
            cr_assert_eq(truncate(copy, 0), 0);
        qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
        cr_assert_not_null(first(event)->module);
        cr_expect_gt(first(event)->offset, 0);
        if (round) {
            cr_expect_null(first(event)->function);
            cr_assert_eq(event->note_count, 1);
            cr_expect_not_null(strstr(event->notes[0], "shrank"), "%s", event->notes[0]);
        } else {
            cr_expect_str_eq(first(event)->function, "deep");
        }
        qmon_event_free(event);
        qmon_event_free(probe);
    }
    if (__lsan_enable)
        __lsan_enable();
    qmon_symbolizer_close(symbolizer);
    dlclose(library);
    scratch_remove(&scratch);
}
