#include "crumbs.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <qmon/paths.h>

#include "agent.h"
#include "births.h"
#include "clock.h"
#include "record_file.h"
#include "signals.h"

#define SIGNALS 65

void qmon__crumb_of_thread(uint32_t tid, const char *text, const char *more, const char *rest) {
    const char *const parts[] = {text, more, rest};
    struct qmon_record_crumbs *crumbs = &qmon__agent.record->crumbs;
    const uint32_t sequence = atomic_fetch_add_explicit(&crumbs->next, 1, memory_order_relaxed) + 1;
    struct qmon_record_crumb *crumb = &crumbs->entries[sequence % QMON_CRUMBS];
    size_t used = 0;
    atomic_store_explicit(&crumb->sequence, 0, memory_order_release);
    crumb->tid = tid;
    crumb->real_ns = qmon__real_ns();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const size_t bytes = parts[i] != NULL ? strnlen(parts[i], QMON_CRUMB_TEXT_BYTES - 1 - used) : 0;
        if (bytes > 0)
            memcpy(crumb->text + used, parts[i], bytes);
        used += bytes;
    }
    memset(crumb->text + used, 0, QMON_CRUMB_TEXT_BYTES - used);
    atomic_store_explicit(&crumb->sequence, sequence, memory_order_release);
}

void qmon__crumb(const char *text, const char *more, const char *rest) {
    if (qmon__agent.active && qmon__is_owner())
        qmon__crumb_of_thread((uint32_t) qmon__gettid(), text, more, rest);
}

/* Counts lost between two threads at once do no harm. */
static uint32_t count_once_more(_Atomic uint32_t *count) {
    const uint32_t now = atomic_load_explicit(count, memory_order_relaxed) + 1;
    atomic_store_explicit(count, now, memory_order_relaxed);
    return now;
}

static bool is_told(uint32_t count) {
    while (count >= 10 && count % 10 == 0)
        count /= 10;
    return count == 1;
}

static void tell_count(const char *what, uint64_t number, uint32_t count) {
    char text[QMON_CRUMB_TEXT_BYTES], *at = text;
    const char *end = text + sizeof text;
    at = qmon__put_text(at, end, what);
    if (number != 0)
        at = qmon__put_decimal(at, end, number);
    if (count > 1) {
        at = qmon__put_text(at, end, ", for the ");
        at = qmon__put_decimal(at, end, count);
        at = qmon__put_text(at, end, "th time");
    }
    *(at < end ? at : text + sizeof text - 1) = '\0';
    qmon__crumb(text, NULL, NULL);
}

void qmon__crumb_of_signal(int signal) {
    static _Atomic uint32_t counts[SIGNALS];
    if (signal <= 0 || signal >= SIGNALS)
        return;
    const uint32_t count = count_once_more(&counts[signal]);
    if (is_told(count))
        tell_count("handled signal ", (uint64_t) signal, count);
}

void qmon__crumb_of_child(const char *how, _Atomic uint32_t *count) {
    const uint32_t now = count_once_more(count);
    if (is_told(now))
        tell_count(how, 0, now);
}

void qmon__crumb_of_fork(void) {
    const int error_number = errno;
    if (qmon__agent.active)
        qmon__crumb_of_child("made a child by fork", qmon__births_count());
    if (errno != error_number) /* what is written after a fork is copied, a page at a time */
        errno = error_number;
}
