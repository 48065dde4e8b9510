/* The outbox: who sends what, and when. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scratch.h"
#include "support.h"
#include "together.h"

static struct scratch scratch;
static struct qmon_store *store;
static struct qmon_outbox_item item;

static void setup(void) {
    scratch = scratch_make();
    store = open_store(scratch.path);
}

static void teardown(void) {
    qmon_outbox_item_clear(&item);
    qmon_store_close(store);
    scratch_remove(&scratch);
}

TestSuite(outbox, .init = setup, .fini = teardown, .timeout = 20);

static int claim(uint64_t now_ms) {
    qmon_outbox_item_clear(&item);
    return qmon_outbox_claim(store, NULL, now_ms, 1000, &item);
}

static void expect_summary(uint64_t waiting, uint64_t rejected, uint64_t next_due_ms) {
    uint64_t found[3];

    cr_assert_eq(qmon_outbox_summary(store, &found[0], &found[1], &found[2]), 0);
    cr_expect_eq(found[0], waiting, "%lu wait", found[0]);
    cr_expect_eq(found[1], rejected, "%lu set aside", found[1]);
    cr_expect_eq(found[2], next_due_ms, "due at %lu", found[2]);
}

Test(outbox, gives_an_item_with_its_event) {
    save_event(store, EVENT(1, 5, .message = "boom", .sinks = {"slack"}));
    cr_assert_eq(claim(100), 0);
    cr_expect_str_eq(item.event_id, id_of(1));
    cr_expect_str_eq(item.sink, "slack");
    cr_expect_not_null(strstr(item.json, "boom"));
    cr_expect_null(item.state);
    cr_expect_eq(item.attempts, 0);
    cr_expect_gt(item.created_ms, 0);
}

Test(outbox, is_empty_at_first) {
    cr_expect_eq(claim(UINT64_MAX / 2), 1);
    expect_summary(0, 0, UINT64_MAX);
}

Test(outbox, leases_an_item_to_one_at_a_time_until_the_lease_ends) {
    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    cr_expect_eq(claim(100), 0);
    cr_expect_eq(claim(1099), 1);
    expect_summary(1, 0, 1100);
    cr_assert_eq(claim(1100), 0);
    cr_expect_eq(item.attempts, 1, "the one that was not finished counts");
}

Test(outbox, gives_items_of_the_wanted_event_only) {
    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    save_event(store, EVENT(2, 5, .sinks = {"file"}));
    cr_assert_eq(qmon_outbox_claim(store, id_of(2), 100, 1000, &item), 0);
    cr_expect_str_eq(item.sink, "file");
    qmon_outbox_item_clear(&item);
    cr_expect_eq(qmon_outbox_claim(store, id_of(2), 100, 1000, &item), 1);
    cr_expect_eq(qmon_outbox_claim(store, id_of(3), 100, 1000, &item), 1);
}

Test(outbox, never_gives_again_what_was_sent) {
    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    cr_assert_eq(claim(100), 0);
    cr_expect_eq(qmon_outbox_sent(store, &item, 150, "1700.001"), 0);
    cr_expect_eq(claim(100000), 1);
    expect_summary(0, 0, UINT64_MAX);
}

Test(outbox, tries_again_when_due_with_what_the_sink_remembered) {
    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    cr_assert_eq(claim(100), 0);
    cr_expect_eq(qmon_outbox_retry(store, &item, 7000, "slack: 503", "channel=C1"), 0);
    cr_expect_eq(claim(6999), 1);
    cr_assert_eq(claim(7000), 0);
    cr_expect_str_eq(item.state, "channel=C1");
    cr_expect_eq(item.attempts, 1);
}

Test(outbox, sets_aside_what_was_rejected) {
    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    cr_assert_eq(claim(100), 0);
    cr_expect_eq(qmon_outbox_reject(store, &item, 200, "malformed"), 0);
    cr_expect_eq(claim(UINT64_MAX / 2), 1);
    expect_summary(0, 1, UINT64_MAX);
}

Test(outbox, listens_to_the_present_holder_of_a_lease_only) {
    struct qmon_outbox_item late = {0};

    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    cr_assert_eq(qmon_outbox_claim(store, NULL, 100, 1000, &late), 0);
    cr_assert_eq(claim(1100), 0);
    cr_expect_eq(qmon_outbox_retry(store, &late, 9000, "too late", NULL), 1);
    cr_expect_eq(qmon_outbox_reject(store, &late, 9000, "too late"), 1);
    expect_summary(1, 0, 2100);
    cr_expect_eq(qmon_outbox_sent(store, &late, 1200, NULL), 0, "what is out is out");
    cr_expect_eq(qmon_outbox_sent(store, &item, 1300, NULL), 1);
    cr_expect_eq(qmon_outbox_retry(store, &item, 9000, "no", NULL), 1);
    expect_summary(0, 0, UINT64_MAX);
    qmon_outbox_item_clear(&late);
}

Test(outbox, gives_an_item_whose_event_is_gone_without_text) {
    char command[SCRATCH_BYTES + 64];

    save_event(store, EVENT(1, 5, .sinks = {"slack"}));
    snprintf(command, sizeof command, "sqlite3 %s/store.db 'DELETE FROM events'", scratch.path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(claim(100), 0);
    cr_expect_str_eq(item.json, "");
}

Test(outbox, forgets_after_seven_days_and_gives_up_after_thirty) {
    const uint64_t day = 24ull * 3600000, now = (uint64_t) time(NULL) * 1000;

    save_event(store, EVENT(1, now, .sinks = {"slack", "file"}));
    save_event(store, EVENT(2, now, .sinks = {"webhook"}));
    cr_assert_eq(claim(now + 10), 0);
    cr_expect_eq(qmon_outbox_reject(store, &item, now + day, "no"), 0);
    cr_assert_eq(claim(now + 10), 0);
    cr_expect_eq(qmon_outbox_sent(store, &item, now + day, "x"), 0);
    cr_assert_eq(qmon_store_retain(store, now + 7 * day), 0);
    expect_summary(1, 1, 0);
    cr_assert_eq(qmon_store_retain(store, now + 9 * day), 0);
    expect_summary(1, 0, 0);
    cr_assert_eq(qmon_store_retain(store, now + 31 * day), 0);
    expect_summary(0, 1, UINT64_MAX);
    cr_expect_eq(counter_of(store, "outbox.given_up", "not delivered in 30 days"), 1);
}

static int claim_all(unsigned number, void *context) {
    struct qmon_store *own = qmon_store_open(context, NULL);
    struct qmon_outbox_item mine;
    int got = 0;

    (void) number;
    while (qmon_outbox_claim(own, NULL, 100, 1000000, &mine) == 0) {
        got++;
        qmon_outbox_item_clear(&mine);
    }
    qmon_store_close(own);
    return got;
}

Test(outbox, gives_each_item_to_one_of_many_processes, .timeout = 60) {
    int got[12], sum = 0;

    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(save_event(store, EVENT(i, 5, .sinks = {"slack"})), 0);
    run_together(12, claim_all, scratch.path, got);
    for (int i = 0; i < 12; i++) {
        cr_expect_geq(got[i], 0);
        sum += got[i];
    }
    cr_expect_eq(sum, 100);
}
