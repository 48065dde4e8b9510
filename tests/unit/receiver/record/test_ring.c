#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "moment.h"
#include "ring.h"
#include "rounds.h"

static struct bench bench;
static struct made_record made;
static struct qmon__record_file file;

static void set_up(void) {
    bench_open(&bench, NULL);
    made = make_record(bench.records, (uint32_t) getpid());
    file = bench_record(&made);
}

static void tear_down(void) {
    qmon__record_close(&file);
    unmake_record(&made);
    bench_close(&bench);
}

TestSuite(ring, .init = set_up, .fini = tear_down, .timeout = 30);

static int consume(uint32_t live_pid, unsigned linger_ms, struct qmon__ring_tally *ret_tally) {
    return qmon__ring_consume(&bench.pass, &file, live_pid, NULL, linger_ms, qmon_monotonic_ms() + 10000, ret_tally);
}

Test(ring, gives_every_report_in_its_order_with_its_words) {
    struct qmon__ring_tally tally;
    make_report(&made, "E42", "cannot pay");
    struct qmon_ring_slot *slot = &made.at->ring.slots[0];
    memcpy(slot->text + 3, "/payu1cannot payorder\00017\0card\0visa\0", 36);
    slot->endpoint_bytes = 4;
    slot->user_bytes = 2;
    slot->extra_bytes = 19;
    make_report(&made, "E43", "next");
    cr_assert_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(tally.consumed, 2);
    cr_expect_eq(bench_alert_line(&bench, "\"E42\"", "\"cannot pay\""), 1);
    cr_expect_eq(bench_alert_line(&bench, "\"E43\"", "\"next\""), 2);
    cr_expect_eq(bench_alerts(&bench, "\"/pay\"", "\"u1\""), 1);
    cr_expect_eq(bench_alerts(&bench, "\"order\":\"17\"", "\"card\":\"visa\""), 1);
    cr_expect_eq(made.at->ring.tail, 2);
    cr_expect_eq(made.at->ring.slots[0].sequence, QMON_RING_SLOTS);
    cr_expect_eq(made.at->ring.slots[1].sequence, QMON_RING_SLOTS + 1);
}

Test(ring, names_the_modules_of_a_process_that_is_alive) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    cr_assert_eq(consume((uint32_t) getpid(), 0, &tally), 0);
    cr_expect_eq(bench_events(&bench, NULL, "\"E1\""), 1);
}

Test(ring, goes_round_many_times) {
    for (unsigned round = 0; round < 5; round++) {
        struct qmon__ring_tally tally;
        char code[16];
        for (unsigned i = 0; i < QMON_RING_SLOTS; i++) {
            snprintf(code, sizeof code, "R%u-%u", round, i);
            make_report(&made, code, "x");
        }
        cr_assert_eq(consume(0, 0, &tally), 0);
        cr_expect_eq(tally.consumed, QMON_RING_SLOTS);
    }
    cr_expect_eq(bench_events(&bench, NULL, "\"error\""), 5 * QMON_RING_SLOTS);
    cr_expect_eq(bench_events(&bench, NULL, "\"R4-63\""), 1);
}

Test(ring, gives_the_same_events_again_after_a_consumer_that_died_before_it_freed_them) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    make_report(&made, "E2", "x");
    static struct qmon_record_ring before;
    memcpy(&before, &made.at->ring, sizeof before);
    cr_assert_eq(consume(0, 0, &tally), 0);
    memcpy(&made.at->ring, &before, sizeof before);
    made.at->ring.asked = 2;
    cr_assert_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(tally.consumed, 2);
    cr_expect_eq(bench_events(&bench, NULL, ""), 2);
    cr_expect_eq(bench_alerts(&bench, "\"error\"", NULL), 2);
}

Test(ring, skips_a_slot_that_a_dead_process_never_filled) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    made.at->ring.head++; /* claimed */
    make_report(&made, "E3", "x");
    made.at->ring.head++;
    cr_assert_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(tally.consumed, 2);
    cr_expect_eq(tally.skipped, 2);
    cr_expect_eq(bench_counter(&bench, "ring.skipped"), 2);
    cr_expect_eq(made.at->ring.tail, 4);
}

Test(ring, waits_for_a_slow_producer_but_not_for_ever) {
    struct qmon__ring_tally tally;
    made.at->ring.head++;
    make_report(&made, "E2", "x");
    uint64_t start_ms = qmon_monotonic_ms();
    cr_assert_eq(consume((uint32_t) getpid(), 0, &tally), 0);
    uint64_t took_ms = qmon_monotonic_ms() - start_ms;
    cr_expect_eq(tally.consumed, 1);
    cr_expect_eq(tally.skipped, 1);
    cr_expect(took_ms >= 1000 && took_ms < 3000, "%llu ms", (unsigned long long) took_ms);
}

static void *report_later(void *unused) {
    for (unsigned i = 0; i < 3; i++) {
        qmon__pause_us(30000);
        make_report(&made, "LATE", i == 0 ? "0" : i == 1 ? "1" : "2");
    }
    return unused;
}

Test(ring, lingers_for_what_comes_a_moment_later) {
    struct qmon__ring_tally tally;
    pthread_t thread;
    make_report(&made, "E1", "x");
    pthread_create(&thread, NULL, report_later, NULL);
    cr_assert_eq(consume((uint32_t) getpid(), 300, &tally), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(tally.consumed, 4);
    cr_expect_eq(made.at->ring.consumer_pid, 0);
}

Test(ring, does_not_linger_once_its_process_has_ended) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    made.at->header.state = QMON_STATE_STOPPED;
    uint64_t start_ms = qmon_monotonic_ms();
    cr_assert_eq(consume((uint32_t) getpid(), 5000, &tally), 0);
    cr_expect_lt(qmon_monotonic_ms() - start_ms, 4000);
    cr_expect_eq(tally.consumed, 1);
}

Test(ring, has_one_consumer) {
    struct qmon__ring_tally tally;
    struct qmon__record_file other;
    int fd = dup(file.directory);
    cr_assert_eq(qmon__record_open_at(&other, fd, file.name), 0);
    cr_assert_eq(qmon__record_try_lock(&other, QMON__LOCK_RING), 0);
    make_report(&made, "E1", "x");
    cr_expect_eq(consume(0, 0, &tally), -EAGAIN);
    qmon__record_close(&other);
    close(fd);
    cr_expect_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(tally.consumed, 1);
}

Test(ring, says_how_many_reports_found_no_room) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    made.at->ring.slots[0].dropped_before = 17;
    cr_assert_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(bench_counter(&bench, "ring.dropped"), 17);
    cr_expect_eq(bench_alerts(&bench, "\"dropped\":17", NULL), 1);
}

Test(ring, gets_through_rubbish) {
    for (uint32_t seed = 1; seed <= 60; seed++) {
        struct qmon__ring_tally tally;
        uint32_t random = seed;
        unsigned char *bytes = (unsigned char *) &made.at->ring;
        for (size_t i = 0; i < sizeof made.at->ring; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (unsigned char) (random >> 24);
        }
        if (seed % 2 == 0) { /* believable turns, slots of noise */
            made.at->ring.head = seed;
            made.at->ring.tail = 0;
            for (uint32_t i = 0; i < seed && i < QMON_RING_SLOTS; i++)
                made.at->ring.slots[i].sequence = i + 1;
        }
        cr_assert_eq(consume(0, 0, &tally), 0, "seed %u", seed);
        cr_expect_leq(tally.consumed + tally.skipped, QMON_RING_SLOTS, "seed %u", seed);
    }
}

Test(ring, stops_where_the_file_is_cut) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    unmake_record(&made); /* or its pages would fault */
    cr_assert_eq(truncate(made.path, 96000), 0);
    made = make_record(bench.records, 1);
    cr_expect_lt(consume((uint32_t) getpid(), 300, &tally), 0);
}

Test(ring, clamps_lengths_that_do_not_fit_together) {
    struct qmon_ring_slot slot;
    memset(&slot, 0xff, sizeof slot);
    qmon__ring_sanitize(&slot);
    cr_expect_leq(slot.code_bytes + slot.endpoint_bytes + slot.user_bytes + slot.message_bytes + slot.extra_bytes,
                  QMON_RING_TEXT_BYTES);
    cr_expect_eq(slot.frame_count, QMON_RING_FRAMES);
    cr_expect_eq(slot.severity, QMON_SEVERITY_ERROR);
    cr_expect_eq(slot.thread_name[QMON_THREAD_NAME_BYTES - 1], '\0');
}

Test(ring, counts_the_repeats_of_a_report_and_lets_no_more_be_added_to_it) {
    struct qmon__ring_tally tally;
    make_report(&made, "E1", "x");
    struct qmon_ring_slot *slot = &made.at->ring.slots[0];
    slot->repeats = QMON_REPEATS_GENERATION * 3 + 41;
    make_report(&made, "E2", "x");
    cr_assert_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(slot->repeats, QMON_REPEATS_CLOSED + QMON_REPEATS_GENERATION * 3 + 41);
    cr_expect_eq(bench_alerts(&bench, "\"E1\"", "\"repeats\":41"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"E1\"", "\"total\":42"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"E2\"", "\"repeats\""), 0);
    cr_expect_eq(bench_counter(&bench, "ring.folded"), 41);
}

/* Receivers that are killed at random moments while a full ring is theirs. */
Test(ring, nothing_is_lost_and_nothing_is_twice_where_receivers_are_killed, .timeout = 120) {
    const unsigned kills = rounds_of(40);
    struct qmon__ring_tally tally;
    unsigned made_reports = 0;
    qmon__record_close(&file);
    for (unsigned i = 0; i < kills || (made_reports <= 2 * QMON_RING_SLOTS && i < 10 * kills); i++) {
        const unsigned reach_us = 9000 * (1 + 4 * (i / kills)); /* more where a busy machine lets none get anywhere */
        char code[16];
        while (made.at->ring.head - made.at->ring.tail < QMON_RING_SLOTS) {
            snprintf(code, sizeof code, "K%u.", made_reports++);
            make_report(&made, code, "x");
        }
        pid_t receiver = bench_receive(&made, "ring", made.path, 5000, false);
        qmon__pause_us(reach_us / kills * (i * 7 % kills));
        kill(receiver, SIGKILL);
        bench_wait(receiver);
    }
    file = bench_record(&made);
    cr_assert_eq(consume(0, 0, &tally), 0);
    bench_run_out(&bench); /* what the dead had claimed */
    cr_expect_gt(made_reports, 2 * QMON_RING_SLOTS, "some of them got somewhere");
    cr_expect_eq(bench_events(&bench, NULL, "\"error\""), made_reports);
    cr_expect_eq(bench_events(&bench, "alerted", "\"error\""), made_reports);
    for (unsigned i = 0; i < made_reports; i++) {
        char code[16];
        snprintf(code, sizeof code, "\"K%u.\"", i);
        cr_expect_eq(bench_alerts(&bench, code, NULL), 1, "%s is %zu times in the file", code,
                     bench_alerts(&bench, code, NULL));
    }
}

Test(ring, of_many_reports_of_one_problem_one_alerts_and_all_are_counted) {
    struct qmon__ring_tally tally;
    char text[16];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(text, sizeof text, "number %u", i);
        make_report(&made, i % 2 ? "E1" : "E2", text);
    }
    cr_assert_eq(consume(0, 0, &tally), 0);
    cr_expect_eq(bench_events(&bench, "alerted", "\"error\""), 2);
    cr_expect_eq(bench_events(&bench, "suppressed", "\"error\""), 38);
    cr_expect_eq(bench_alerts(&bench, "\"error\"", NULL), 2);
    cr_expect_eq(bench_counter(&bench, "dedup.suppressed"), 38);
    cr_expect_eq(bench_counter(&bench, "events"), 40);
    cr_expect_eq(bench_events(&bench, "suppressed", "\"suppressed\":19,\"total\":20"), 2);
}

static void *report_many(void *count) {
    char code[16];
    for (unsigned i = 0; i < *(const unsigned *) count; i++) {
        while (made.at->ring.head - *(volatile uint32_t *) &made.at->ring.tail >= QMON_RING_SLOTS)
            qmon__pause_us(100);
        snprintf(code, sizeof code, "M%u", i);
        make_report(&made, code, "x");
    }
    return NULL;
}

Test(ring, the_store_is_looked_after_while_a_storm_lasts) {
    static unsigned count = 2200;
    struct qmon__ring_tally tally;
    struct qmon_event *old = qmon_event_new(1500000000000000000ull); /* long ago */
    pthread_t thread;
    old->code = "OLD";
    old->kind = QMON_KIND_ERROR;
    cr_assert_eq(qmon_store_save(bench.store, old, "stored", NULL, 0), 0);
    qmon_event_free(old);
    cr_assert_eq(bench_events(&bench, NULL, "\"OLD\""), 1);
    pthread_create(&thread, NULL, report_many, &count);
    cr_assert_eq(consume((uint32_t) getpid(), 500, &tally), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(tally.consumed, count);
    cr_expect_eq(bench_events(&bench, NULL, "\"OLD\""), 0);
    cr_expect_gt(bench_counter(&bench, "store.expired"), 0);
}
