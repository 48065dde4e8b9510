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

typedef void (*summary_function)(const char *);

void __sanitizer_report_error_summary(const char *summary) {
    static void *_Atomic next;
    const summary_function real = (summary_function) qmon__next("__sanitizer_report_error_summary", &next);
    if (summary != NULL)
        qmon__note_summary(summary);
    if (real != NULL)
        real(summary);
}

__attribute__((constructor)) static void watch_sanitizer(void) {
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(qmon__process_condemned);
}
