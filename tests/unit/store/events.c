/* Saving events and reading them back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_case.h"

#define HOUR_MS 3600000ull

TestSuite(store_events, .init = setup, .fini = teardown, .timeout = 20);

struct seen {
    char ids[512];
    struct qmon_event_row last;
    unsigned count, stop_after;
};

static bool see(void *context, const struct qmon_event_row *row) {
    struct seen *seen = context;

    strncat(seen->ids, row->id, 8);
    strcat(seen->ids, " ");
    cr_expect_not_null(strstr(row->json, row->id), "the JSON is that of the event");
    seen->last = *row;
    seen->count++;
    return seen->count != seen->stop_after;
}

/* The ids' numbers, newest first. */
static const char *query(struct qmon_event_query query) {
    static struct seen seen;

    seen = (struct seen){0};
    cr_assert_eq(qmon_store_query(store, &query, see, &seen), 0, "%s", qmon_store_problem(store));
    return seen.ids;
}

#define ANY .kind = -1

static bool check_row(void *context, const struct qmon_event_row *row) {
    *(bool *) context = true;
    cr_expect_str_eq(row->id, id_of(7));
    cr_expect_str_eq(row->kind, "exit");
    cr_expect_str_eq(row->severity, "error");
    cr_expect_str_eq(row->title, "title");
    cr_expect_str_eq(row->service, "pay");
    cr_expect_str_eq(row->stage, "test");
    cr_expect_str_eq(row->fingerprint, "f1");
    cr_expect_str_eq(row->state, "alerted");
    cr_expect_eq(row->time_ms, 1000);
    cr_expect_eq(row->occurrences, 1);
    return true;
}

Test(store_events, gives_back_what_was_saved) {
    bool called = false;

    save_event(store, EVENT(7, 1000, .kind = QMON_KIND_EXIT, .fingerprint = "f1", .service = "pay", .message = "boom"));
    cr_assert_eq(qmon_store_query(store, &(struct qmon_event_query){ANY}, check_row, &called), 0);
    cr_expect(called);
}

Test(store_events, saves_an_id_once) {
    uint64_t waiting, rejected, due;

    cr_expect_eq(save_event(store, EVENT(1, 1000, .sinks = {"slack", "file"})), 0);
    cr_expect_eq(save_event(store, EVENT(1, 2000, .sinks = {"slack", "webhook"})), 1);
    cr_expect_str_eq(query((struct qmon_event_query){ANY}), "00000001 ");
    cr_assert_eq(qmon_outbox_summary(store, &waiting, &rejected, &due), 0);
    cr_expect_eq(waiting, 2);
}

Test(store_events, lists_the_newest_first_and_starts_and_stops_on_demand) {
    save_event(store, EVENT(1, 3000, .kind = QMON_KIND_CRASH));
    save_event(store, EVENT(2, 1000, .kind = QMON_KIND_ERROR));
    save_event(store, EVENT(3, 2000, .kind = QMON_KIND_LIFECYCLE));
    save_event(store, EVENT(4, 2000, .kind = QMON_KIND_EXIT));

    cr_expect_str_eq(query((struct qmon_event_query){ANY}), "00000001 00000004 00000002 ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .include_lifecycle = true}),
                     "00000001 00000004 00000003 00000002 ");
    cr_expect_str_eq(query((struct qmon_event_query){.kind = QMON_KIND_LIFECYCLE}), "00000003 ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .limit = 2}), "00000001 00000004 ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .since_ms = 2000}), "00000001 00000004 ");
}

Test(store_events, finds_by_service_fingerprint_and_prefix) {
    save_event(store, EVENT(0x1a, 1000, .service = "pay", .fingerprint = "abc1"));
    save_event(store, EVENT(0x1b, 2000, .service = "shop", .fingerprint = "abc2"));
    save_event(store, EVENT(0x2c, 3000, .kind = QMON_KIND_LIFECYCLE, .fingerprint = "b"));

    cr_expect_str_eq(query((struct qmon_event_query){ANY, .service = "pay"}), "0000001a ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .fingerprint = "abc"}), "0000001b 0000001a ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .fingerprint = "abc2"}), "0000001b ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .id_prefix = "0000001"}), "0000001b 0000001a ");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .id_prefix = id_of(0x2c)}), "0000002c ",
                     "who names an id means it, whatever its kind");
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .id_prefix = "%"}), "");
}

Test(store_events, takes_latest_for_the_newest_failure_and_else_for_the_newest) {
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .id_prefix = "latest"}), "");
    save_event(store, EVENT(1, 1000, .kind = QMON_KIND_LIFECYCLE));
    save_event(store, EVENT(2, 2000, .kind = QMON_KIND_LIFECYCLE));
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .id_prefix = "latest"}), "00000002 ");
    save_event(store, EVENT(3, 500, .kind = QMON_KIND_CRASH));
    cr_expect_str_eq(query((struct qmon_event_query){ANY, .id_prefix = "latest"}), "00000003 ");
}

Test(store_events, counts_the_occurrences_of_a_fingerprint_in_its_service) {
    struct seen seen = {.stop_after = 1};

    for (unsigned i = 0; i < 5; i++)
        save_event(store, EVENT(i, 1000 + i, .fingerprint = "same", .service = i == 4 ? "pay" : "shop"));
    cr_assert_eq(qmon_store_query(store, &(struct qmon_event_query){ANY, .service = "shop"}, see, &seen), 0);
    cr_expect_eq(seen.last.occurrences, 4);
    cr_expect_eq(seen.count, 1, "it stops when told to");
}

Test(store_events, shows_a_store_full_of_strange_values_without_harm) {
    char command[SCRATCH_BYTES + 400];

    save_event(store, EVENT(1, 1000));
    snprintf(command, sizeof command,
             "sqlite3 %s/store.db \"UPDATE events SET kind = -77, severity = 'x', title = NULL, time_ms = -1, "
             "json = id; UPDATE groups SET events = 'many'\"",
             scratch.path);
    cr_assert_eq(system(command), 0);
    cr_expect_str_eq(query((struct qmon_event_query){ANY}), "00000001 ");
}

Test(store_events, forgets_after_thirty_days_and_counts_it) {
    const uint64_t now = 100 * 24 * HOUR_MS;

    save_event(store, EVENT(1, now - 31 * 24 * HOUR_MS, .fingerprint = "f"));
    save_event(store, EVENT(2, now - 29 * 24 * HOUR_MS, .fingerprint = "f"));
    save_event(store, EVENT(3, now - 31 * 24 * HOUR_MS, .fingerprint = "g", .sinks = {"slack"}));
    cr_assert_eq(qmon_store_retain(store, now), 0);
    cr_expect_str_eq(query((struct qmon_event_query){ANY}), "00000002 00000003 ", "what waits for delivery stays");
    cr_expect_eq(counter_of(store, "store.expired", "older than 30 days"), 1);
    cr_expect_eq(counter_of(store, "outbox.given_up", NULL), 0);
}

Test(store_events, looks_for_old_events_at_most_every_ten_minutes) {
    const uint64_t now = 100 * 24 * HOUR_MS;

    cr_assert_eq(qmon_store_retain(store, now), 0);
    save_event(store, EVENT(1, 1000));
    cr_assert_eq(qmon_store_retain(store, now + 9 * 60000), 0);
    cr_expect_str_eq(query((struct qmon_event_query){ANY}), "00000001 ");
    cr_assert_eq(qmon_store_retain(store, now + 10 * 60000), 0);
    cr_expect_str_eq(query((struct qmon_event_query){ANY}), "");
}

Test(store_events, forgets_thousands_in_pieces, .timeout = 60) {
    struct qmon_store *memory = qmon_store_open(NULL, NULL);
    struct seen seen = {0};

    for (unsigned i = 0; i < 3000; i++)
        cr_assert_eq(save_event(memory, EVENT(i, 1000, .fingerprint = "f")), 0);
    for (int i = 0; i < 100 && counter_of(memory, "store.expired", NULL) < 3000; i++)
        cr_assert_eq(qmon_store_retain(memory, 100 * 24 * HOUR_MS), 0);
    cr_expect_eq(counter_of(memory, "store.expired", NULL), 3000);
    cr_assert_eq(qmon_store_query(memory, &(struct qmon_event_query){ANY}, see, &seen), 0);
    cr_expect_eq(seen.count, 0);
    qmon_store_close(memory);
}

Test(store_events, stays_within_its_size_by_dropping_the_oldest, .timeout = 60) {
    struct qmon_store *memory = qmon_store_open(NULL, NULL);
    char *message = malloc(1 << 20);
    struct seen seen = {.stop_after = 1};
    int r = 0;

    memset(message, 'x', (1 << 20) - 1);
    message[(1 << 20) - 1] = '\0';
    for (unsigned i = 0; i < 100 && r == 0; i++) {
        r = save_event(memory, EVENT(i, 5000 + i, .fingerprint = "f", .message = message));
        cr_assert_eq(qmon_store_retain(memory, 6000), 0);
    }
    cr_expect_eq(r, 0, "full: %s", qmon_store_problem(memory));
    cr_expect_geq(counter_of(memory, "store.expired", "the store had reached its size"), 60);
    cr_assert_eq(qmon_store_query(memory, &(struct qmon_event_query){ANY}, see, &seen), 0);
    cr_expect_str_eq(seen.ids, "00000063 ", "the newest is there");
    qmon_store_close(memory);
    free(message);
}
