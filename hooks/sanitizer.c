/*
 * Sanitizers' runtimes set the kernel's dispositions themselves and end the process by a raw system call. They offer a callback
 * for that moment, and print their one-line summary through a function that can be interposed.
 */
#include <stddef.h>

#include <agent.h>
#include <cause.h>

#include "next.h"

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
void __sanitizer_report_error_summary(const char *summary);
void __tsan_on_report(void *report);
int __tsan_get_report_mop(void *report, unsigned long index, int *ret_tid, void **ret_address, int *ret_bytes,
                          int *ret_write, int *ret_atomic, void **ret_trace, unsigned long limit) __attribute__((weak));
int __tsan_get_report_stack(void *report, unsigned long index, void **ret_trace, unsigned long limit)
    __attribute__((weak));

#define REPORT_FRAMES 24

typedef void (*summary_function)(const char *);
typedef void (*report_function)(void *);

void __sanitizer_report_error_summary(const char *summary) {
    static void *_Atomic next;
    const summary_function real = (summary_function) qmon__next("__sanitizer_report_error_summary", &next);
    if (summary != NULL)
        qmon__note_summary(summary);
    if (real != NULL)
        real(summary);
}

/* ThreadSanitizer tells debuggers of each problem that it finds, and answers their questions meanwhile. Nothing else may be done
 * here: its locks are held. */
static void *_Atomic next_on_report;

void __tsan_on_report(void *report) {
    void *trace[REPORT_FRAMES] = {NULL}, *address;
    int tid, bytes, write, atomic;
    if (__tsan_get_report_mop == NULL ||
        __tsan_get_report_mop(report, 0, &tid, &address, &bytes, &write, &atomic, trace, REPORT_FRAMES) != 1) {
        if (__tsan_get_report_stack != NULL)
            __tsan_get_report_stack(report, 0, trace, REPORT_FRAMES);
    }
    qmon__note_report(trace, REPORT_FRAMES);
    const report_function real = (report_function) qmon__next("__tsan_on_report", &next_on_report);
    if (real != NULL)
        real(report);
}

__attribute__((constructor)) static void watch_sanitizer(void) {
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(qmon__process_condemned);
    if (__tsan_get_report_mop != NULL)
        qmon__next("__tsan_on_report", &next_on_report);
}
