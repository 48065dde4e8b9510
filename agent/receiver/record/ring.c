/*
 * The consumer of a process's ring of error events.
 *
 * ONE CONSUMER. Who holds the OFD lock on byte 1 of the record consumes; `ring.consumer_pid` tells the producers that a wake-up
 * is worth its system call. A consumer that finds nothing for a while sets consumer_pid to 0, lets go of the lock and looks
 * once more: an event that came before the producer could see the 0 is found by that look, one that came later starts a
 * consumer of its own.
 *
 * NOTHING LOST. A slot is freed when its event is in the store. A consumer that dies in between leaves it filled, and the next
 * makes the same event again, with the same id. `ring.asked` is moved before the cache is asked, see process_event.c.
 *
 * STUCK SLOTS. A producer that died between claiming and filling leaves a hole. It is skipped and counted when the process is
 * dead, or when it has stood for a second with filled slots behind it.
 *
 * The shared mapping is never touched: sequences are read and written through the file, and the one mapped page is only
 * handed to futex(2), which answers a truncated file with EFAULT.
 */
#include <errno.h>
#include <linux/futex.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <qmon/log.h>

#include "identity.h"
#include "moment.h"
#include "procfs.h"
#include "ring.h"
#include "ring_memo.h"
#define STUCK_MS 1000u
#define LINGER_SLICE_MS 25u /* how soon it is noticed that the process has ended */
#define MAPS_LIMIT (8u * 1024 * 1024)
#define PAGE_MASK 4095u
#define MEMORY_KEPT (16 << 20)
#define RETAIN_EVERY 2048u
#define RETAIN_CALLS 4u

struct consumer {
    struct qmon__pass *pass;
    struct qmon__record_file *file;
    uint32_t live_pid;
    struct qmon__ring_cursor cursor;
    struct qmon_event *base; /* process, service, modules: shared by the events */
    const char *last_maps;   /* borrowed: what the maps of a process were that is gone */
    char *maps;              /* the text that base's modules were made of */
    struct qmon__ring_memo *memo;
    struct qmon__ring_tally tally;
    uint64_t retained;       /* consumed when the store was looked after last */
    uint64_t stuck_since_ms; /* 0: no slot is stuck */
    struct qmon_ring_slot slots[QMON__RING_BATCH];
};

static bool renew_base(struct consumer *consumer, char *maps) {
    struct qmon_event *base = qmon_event_new(qmon_real_ns());
    if (base == NULL)
        return false;
    qmon__identify_process(base, consumer->file->copy, consumer->live_pid);
    if (maps != NULL)
        qmon__modules_of_maps(base, maps);
    else if (qmon__record_load(consumer->file, QMON__LOAD_MODULES, true) == 0)
        qmon__modules_of_record(base, &consumer->file->copy->modules);
    qmon__ring_memo_forget(consumer->memo);
    qmon_event_free(consumer->base);
    consumer->base = base;
    free(consumer->maps);
    consumer->maps = maps;
    return true;
}

/* The modules as they are mapped now; a program that loads others changes the text. */
static bool refresh_base(struct consumer *consumer) {
    size_t bytes = 0;
    char *maps = consumer->live_pid != 0 ? qmon__proc_read_all(consumer->live_pid, "maps", MAPS_LIMIT, &bytes) : NULL;
    if (maps == NULL && consumer->base == NULL && consumer->last_maps != NULL)
        maps = strdup(consumer->last_maps);
    if (consumer->base != NULL && (maps == NULL || (consumer->maps != NULL && strcmp(maps, consumer->maps) == 0))) {
        free(maps);
        return true;
    }
    if (renew_base(consumer, maps))
        return true;
    free(maps);
    return false;
}

/* The reports of a batch. */
struct batch {
    unsigned count;
    struct qmon__report reports[QMON__RING_BATCH];
    bool is_new[QMON__RING_BATCH]; /* its stack was not known */
};

static bool open_report(struct consumer *consumer, unsigned i, uint32_t turn, struct batch *batch) {
    const struct qmon_ring_slot *slot = &consumer->slots[i];
    struct qmon__report *report = &batch->reports[i];
    if (qmon__ring_event(consumer->file->copy, consumer->base, slot, turn, report) < 0)
        return false;
    report->live_pid = consumer->live_pid;
    report->like = qmon__ring_memo_recall(consumer->memo, slot, report->event);
    report->symbolized = report->like != NULL;
    batch->is_new[i] = !report->symbolized;
    return true;
}

static void close_reports(struct consumer *consumer, struct batch *batch) {
    for (unsigned i = 0; i < batch->count; i++) {
        const struct qmon__report *report = &batch->reports[i];
        if (!batch->is_new[i] || !report->symbolized ||
            !qmon__ring_memo_keep(consumer->memo, &consumer->slots[i], report->event))
            qmon_event_free(report->event);
    }
}

static void count_batch(struct consumer *consumer, const struct batch *batch) {
    uint64_t dropped = 0, folded = 0;
    for (unsigned i = 0; i < batch->count; i++) {
        dropped += batch->reports[i].event->report.dropped;
        folded += batch->reports[i].event->report.repeats;
    }
    consumer->tally.dropped += dropped;
    qmon__count(consumer->pass, "ring.batches", "", 1);
    if (dropped > 0)
        qmon__count(consumer->pass, "ring.dropped", "no room in the ring", dropped);
    if (folded > 0)
        qmon__count(consumer->pass, "ring.folded", "the same as one that waited", folded);
}

static void mark_asked(struct consumer *consumer, uint32_t end) {
    struct qmon__ring_cursor *cursor = &consumer->cursor;
    if ((int32_t) (end - cursor->asked) <= 0)
        return;
    cursor->asked = end;
    qmon__record_write(consumer->file, offsetof(struct qmon_record, ring.asked), &end, sizeof end);
}

/* All at once, else one by one. Returns how many of them, from the first on, are kept. */
static unsigned process_reports(struct consumer *consumer, struct batch *batch, uint32_t end) {
    qmon__open_cache(consumer->pass);
    if (consumer->pass->asks_afar)
        mark_asked(consumer, end);
    if (qmon__process_many(consumer->pass, batch->reports, batch->count))
        return batch->count;
    mark_asked(consumer, end);
    for (unsigned i = 0; i < batch->count; i++) {
        struct qmon__handing handing = {.asked_before = batch->reports[i].asked_before};
        if (qmon__process(consumer->pass, &batch->reports[i], &handing) == QMON__KEPT_NOT)
            return i;
    }
    return batch->count;
}

/* 0, or negative errno: the slots from there on stay filled. */
static int process_batch(struct consumer *consumer, unsigned count, uint32_t first) {
    struct qmon__ring_cursor *cursor = &consumer->cursor;
    struct batch batch = {0};
    unsigned kept = 0;
    if (!refresh_base(consumer)) {
        cursor->tail = first;
        return -ENOMEM;
    }
    for (; batch.count < count; batch.count++) {
        uint32_t behind = cursor->asked - (first + batch.count);
        if (!open_report(consumer, batch.count, first + batch.count, &batch))
            break;
        batch.reports[batch.count].asked_before = (int32_t) behind > 0 && behind <= QMON_RING_SLOTS;
    }
    if (batch.count > 0)
        kept = process_reports(consumer, &batch, first + batch.count);
    count_batch(consumer, &batch);
    close_reports(consumer, &batch);
    consumer->tally.consumed += kept;
    cursor->tail = first + kept;
    int error = qmon__ring_free(consumer->file, cursor);
    return kept < count ? -EIO : error;
}

/* A slot was claimed and not filled. Returns whether to look again at once. */
static bool handle_stuck(struct consumer *consumer) {
    uint64_t now_ms = qmon_monotonic_ms();
    if (consumer->stuck_since_ms == 0)
        consumer->stuck_since_ms = now_ms;
    bool dead = consumer->live_pid == 0;
    if (!dead && (now_ms - consumer->stuck_since_ms < STUCK_MS ||
                  !qmon__ring_has_filled_behind(consumer->file, &consumer->cursor)))
        return false;
    qmon__ring_skip(consumer->file, &consumer->cursor);
    consumer->stuck_since_ms = 0;
    consumer->tally.skipped++;
    qmon__count(consumer->pass, "ring.skipped", dead ? "the process ended while it reported" : "never filled", 1);
    return true;
}

/* Waits until a producer bumps `wake` away from `seen`, or pause_ms. */
static void wait_for_producer(const struct consumer *consumer, uint32_t seen, uint64_t pause_ms) {
    size_t offset = offsetof(struct qmon_record, ring.wake);
    size_t page = offset & ~(size_t) (PAGE_MASK);
    char *mapped = mmap(NULL, PAGE_MASK + 1, PROT_READ, MAP_SHARED, consumer->file->fd, (off_t) page);
    if (mapped == MAP_FAILED) {
        qmon__pause_us(1000);
        return;
    }
    struct timespec timeout = {.tv_sec = (time_t) (pause_ms / 1000), .tv_nsec = (long) (pause_ms % 1000) * 1000000};
    syscall(SYS_futex, mapped + (offset - page), FUTEX_WAIT, seen, &timeout, NULL, 0);
    if (errno == EFAULT)
        qmon__pause_us(1000);
    munmap(mapped, PAGE_MASK + 1);
}

/* Nothing more will come, and the receiver of its end waits for us. */
static bool has_ended(const struct consumer *consumer) {
    uint32_t state = QMON_STATE_RUNNING;
    ssize_t got = pread(consumer->file->fd, &state, sizeof state, offsetof(struct qmon_record, header.state));
    return got != (ssize_t) sizeof state || (state != QMON_STATE_RUNNING && state != QMON_STATE_EXEC);
}

/* A storm must not fill the store: what is too old or too much goes while it lasts, too. A call has a bound of its own, which is
 * less than what can come in between. */
static void retain(struct consumer *consumer) {
    if (consumer->tally.consumed - consumer->retained < RETAIN_EVERY)
        return;
    consumer->retained = consumer->tally.consumed;
    for (unsigned i = 0; i < RETAIN_CALLS; i++)
        qmon_store_retain(consumer->pass->store, qmon_real_ms());
}

static int consume_all(struct consumer *consumer, unsigned linger_ms, uint64_t limit_ms) {
    uint64_t idle_since_ms = qmon_monotonic_ms();
    for (;;) {
        uint32_t wake = 0;
        if (pread(consumer->file->fd, &wake, sizeof wake, offsetof(struct qmon_record, ring.wake)) < 0)
            return -errno;
        uint32_t first;
        enum qmon__ring_next next;
        int count = qmon__ring_take(consumer->file, &consumer->cursor, consumer->slots, QMON__RING_BATCH, &next);
        if (count < 0)
            return count;
        first = consumer->cursor.tail - (uint32_t) count;
        uint64_t now_ms = qmon_monotonic_ms();
        if (count > 0) {
            int error = process_batch(consumer, (unsigned) count, first);
            if (error < 0)
                return error;
            if (linger_ms > 0) /* else a process that has ended may be waiting */
                retain(consumer);
            qmon__pass_renew(consumer->pass);
            idle_since_ms = qmon_monotonic_ms();
            consumer->stuck_since_ms = 0;
        } else if (next == QMON__RING_STUCK && handle_stuck(consumer)) {
            idle_since_ms = now_ms;
        } else {
            bool stuck = next == QMON__RING_STUCK;
            uint64_t patience_ms = stuck && linger_ms < STUCK_MS + 200 ? STUCK_MS + 200 : linger_ms;
            uint64_t idle_ms = now_ms - idle_since_ms;
            if (idle_ms >= patience_ms || (!stuck && has_ended(consumer)))
                return 0;
            uint64_t left_ms = patience_ms - idle_ms;
            wait_for_producer(consumer, wake, left_ms > LINGER_SLICE_MS ? LINGER_SLICE_MS : left_ms);
        }
        if (qmon_monotonic_ms() >= limit_ms)
            return -ETIMEDOUT;
    }
}

static void set_consumer(struct qmon__record_file *file, uint32_t pid) {
    qmon__record_write(file, offsetof(struct qmon_record, ring.consumer_pid), &pid, sizeof pid);
}

/* Batches take the same memory again and again: giving it back in between costs more than making the events. */
static void keep_memory(void) {
    mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT);
    mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
    mallopt(M_TOP_PAD, 1 << 20);
}

int qmon__ring_consume(struct qmon__pass *pass, struct qmon__record_file *file, uint32_t live_pid, const char *maps,
                       unsigned linger_ms, uint64_t limit_ms, struct qmon__ring_tally *ret_tally) {
    struct consumer *consumer = calloc(1, sizeof *consumer);
    struct qmon__ring_memo *memo = consumer != NULL ? qmon__ring_memo_open() : NULL;
    if (memo == NULL) {
        free(consumer);
        return -ENOMEM;
    }
    if (linger_ms > 0)
        keep_memory();
    consumer->memo = memo;
    consumer->pass = pass;
    consumer->file = file;
    consumer->live_pid = live_pid;
    consumer->last_maps = maps;
    int error;
    do {
        error = qmon__record_try_lock(file, QMON__LOCK_RING);
        if (error == 0)
            error = qmon__record_load(file, QMON__LOAD_RING, true); /* the head may hold what only the caller knows */
        if (error < 0)
            break;
        qmon__ring_begin(file, &consumer->cursor);
        set_consumer(file, (uint32_t) getpid());
        error = consume_all(consumer, linger_ms, limit_ms);
        set_consumer(file, 0);
        qmon__record_unlock(file, QMON__LOCK_RING);
    } while (error == 0 && linger_ms > 0 && qmon__ring_is_filled(file, &consumer->cursor));
    *ret_tally = consumer->tally;
    qmon__ring_memo_close(memo);
    qmon_event_free(consumer->base);
    free(consumer->maps);
    free(consumer);
    return error;
}
