#include "live_crash.h"

#include <errno.h>
#include <stdlib.h>

#include "identity.h"
#include "moment.h"
#include "process_memory.h"
#include "procfs.h"
#include "targets.h"
#include "threads.h"

#define THREADS_MS 1000u /* that a dying process waits for its other threads' stacks at the most */
#define MAPS_LIMIT (8u * 1024 * 1024)

static void add_modules(struct qmon_event *event, uint32_t pid) {
    size_t bytes;
    char *maps = qmon__proc_read_all(pid, "maps", MAPS_LIMIT, &bytes);
    if (maps != NULL)
        qmon__modules_of_maps(event, maps);
    free(maps);
}

static bool symbolize(struct qmon_event *event, const struct qmon__arguments *arguments) {
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    if (symbolizer != NULL)
        qmon__symbolize_event(symbolizer, event, arguments->pid, qmon_monotonic_ms() + arguments->deadline_ms / 2);
    qmon_symbolizer_close(symbolizer);
    return symbolizer != NULL;
}

int qmon__prepare_crash(struct qmon__record_file *file, const struct qmon__arguments *arguments,
                        struct qmon__report *ret_report) {
    const unsigned sections =
        QMON__LOAD_HEAD | QMON__LOAD_CRASH | QMON__LOAD_MODULES | QMON__LOAD_CRUMBS | QMON__LOAD_THREADS;
    const uint64_t patience_ms = arguments->deadline_ms / 4;
    if (arguments->careful)
        qmon__memory_look_away();
    int error = qmon__record_load(file, sections, true);
    if (error == 0)
        error = qmon__crash_event(file->copy, qmon_real_ns(), arguments->pid, ret_report);
    if (error < 0)
        return error;
    struct qmon_event *const event = ret_report->event;
    if (event->module_count == 0)
        add_modules(event, arguments->pid);
    const bool known = qmon__add_other_threads(
        event, arguments->pid, file->copy, qmon_monotonic_ms() + (patience_ms < THREADS_MS ? patience_ms : THREADS_MS));
    if (!known && arguments->may_ask && !qmon__is_traced(arguments->pid)) /* the tracer would see the signals */
        return -EAGAIN;
    if (!qmon__modules_are_on_disk(event, &file->copy->modules)) /* they must be read through the process */
        ret_report->symbolized = symbolize(event, arguments);
    return 0;
}
