/* Traces that several events have in common are kept once, and nobody notices. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_event.h"
#include "scratch.h"
#include "support.h"

#define DAY_MS (24 * 3600000ull)

static struct scratch scratch;
static struct qmon_store *store;
static struct sample sample;

static void setup(void) {
    scratch = scratch_make();
    store = open_store(scratch.path);
    sample_error(&sample);
    sample_trace(&sample);
    sample.event.kind = QMON_KIND_ERROR;
}

static void teardown(void) {
    qmon_store_close(store);
    scratch_remove(&scratch);
}

TestSuite(store_tails, .init = setup, .fini = teardown, .timeout = 20);

/* With these words, and as JSON, to be freed. */
static char *save(unsigned number, const char *message, uint64_t time_ms) {
    snprintf(sample.event.id, sizeof sample.event.id, "%s", id_of(number));
    sample.event.message = message;
    sample.event.time_ns = time_ms * 1000000;
    cr_assert_eq(qmon_store_save(store, &sample.event, "alerted", (const char *const[]){"file"}, 1), 0);
    return qmon_event_to_json(&sample.event);
}

static bool compare(void *context, const struct qmon_event_row *row) {
    const char *const *wanted = context;

    cr_expect_str_eq(row->json, *wanted);
    return false;
}

static void expect_event(unsigned number, const char *json) {
    struct qmon_event_query query = {.kind = -1, .id_prefix = id_of(number)};

    cr_expect_eq(qmon_store_query(store, &query, compare, &json), 0);
}

static int number_from(const char *sql) {
    char path[SCRATCH_BYTES + 16];
    sqlite3 *db;
    sqlite3_stmt *statement;
    int number = -1;

    snprintf(path, sizeof path, "%s/store.db", scratch.path);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

Test(store_tails, are_kept_once_and_read_with_each) {
    char *one = save(1, "one", 1000), *other = save(2, "an\x01other \"threads\":[ one", 2000);

    cr_expect_eq(number_from("SELECT count(*) FROM tails"), 1);
    cr_expect_lt(number_from("SELECT sum(length(json)) FROM events"), (int) strlen(one));
    expect_event(1, one);
    expect_event(2, other);
    sample.frames[0].line++;
    char *third = save(3, "elsewhere", 3000);
    cr_expect_eq(number_from("SELECT count(*) FROM tails"), 2);
    expect_event(3, third);
    free(one), free(other), free(third);
}

Test(store_tails, go_to_the_channels_with_their_events) {
    struct qmon_outbox_item items[2] = {0};
    const char *ids[2] = {id_of(1), id_of(2)};
    size_t count = 0;
    char *jsons[2] = {save(1, "one", 1000), save(2, "two", 1000)};

    cr_expect_eq(qmon_outbox_claim_these(store, "file", ids, 2, 5000, 1000, items, &count), 0);
    cr_assert_eq(count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_str_eq(items[i].json, jsons[i]);
        qmon_outbox_item_clear(&items[i]);
        free(jsons[i]);
    }
    cr_expect_eq(qmon_outbox_claim_these(store, "file", ids, 2, 5000, 1000, items, &count), 0);
    cr_expect_eq(count, 0, "they are leased");
}

Test(store_tails, are_claimed_with_their_event_where_that_is_asked_for) {
    struct qmon_outbox_item item, other;
    const char *const sinks[] = {"slack", "file"};
    char *json;

    snprintf(sample.event.id, sizeof sample.event.id, "%s", id_of(1));
    json = qmon_event_to_json(&sample.event);
    cr_assert_eq(qmon_store_save_and_claim(store, &sample.event, "alerted", sinks, 2, "file", 60000, &item), 0);
    cr_expect_str_eq(item.sink, "file");
    cr_expect_str_eq(item.json, json);
    cr_expect_str_eq(item.event_id, sample.event.id);
    cr_expect_eq(item.attempts, 0);
    cr_assert_eq(qmon_outbox_claim(store, NULL, item.created_ms + 1, 1000, &other), 0);
    cr_expect_str_eq(other.sink, "slack");
    qmon_outbox_item_clear(&other);
    cr_expect_eq(qmon_outbox_claim(store, NULL, item.created_ms + 2, 1000, &other), 1, "the file's is leased");
    cr_expect_eq(qmon_outbox_claim(store, NULL, item.created_ms + 60001, 1000, &other), 0, "until its lease ends");
    qmon_outbox_item_clear(&other);
    cr_expect_eq(qmon_outbox_sent(store, &item, item.created_ms, NULL), 0);
    cr_expect_eq(number_from("SELECT status FROM outbox WHERE sink = 'file'"), 1);
    qmon_outbox_item_clear(&item);
    cr_expect_eq(qmon_store_save_and_claim(store, &sample.event, "alerted", sinks, 2, "file", 60000, &item), 1);
    cr_expect_null(item.sink, "it was there before");
    snprintf(sample.event.id, sizeof sample.event.id, "%s", id_of(2));
    cr_expect_eq(qmon_store_save_and_claim(store, &sample.event, "alerted", sinks, 1, "file", 60000, &item), 0);
    cr_expect_null(item.sink, "it does not go there");
    free(json);
}

Test(store_tails, survive_another_one_that_has_their_place) {
    free(save(1, "one", 1000));
    cr_expect_eq(number_from("UPDATE tails SET json = 'x'"), -1);
    qmon_store_close(store);
    store = open_store(scratch.path); /* which does not know it yet */
    char *json = save(2, "two", 2000);
    expect_event(2, json);
    free(json);
}

Test(store_tails, are_written_again_after_a_transaction_that_was_undone) {
    number_from(
        "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.time_ms = 7 BEGIN SELECT RAISE(ABORT, 'no'); END");
    qmon_store_begin(store);
    free(save(1, "one", 1000));
    cr_expect_lt(save_event(store, EVENT(2, 7)), 0);
    cr_expect_lt(qmon_store_commit(store), 0);
    cr_expect_eq(number_from("SELECT count(*) FROM tails"), 0);
    char *json = save(1, "one", 1000);
    expect_event(1, json);
    free(json);
}

Test(store_tails, go_when_nobody_has_them_any_more) {
    uint64_t now_ms = 1800000000000;

    free(save(1, "one", now_ms));
    char *json = save(2, "two", now_ms + 35 * DAY_MS);
    number_from("UPDATE outbox SET status = 1, done_ms = 1");
    cr_expect_eq(qmon_store_retain(store, now_ms + 32 * DAY_MS), 0);
    cr_expect_eq(number_from("SELECT count(*) FROM events"), 1);
    cr_expect_eq(number_from("SELECT count(*) FROM tails"), 1, "the other event has it");
    expect_event(2, json);
    cr_expect_eq(qmon_store_retain(store, now_ms + 70 * DAY_MS), 0);
    cr_expect_eq(number_from("SELECT count(*) FROM events"), 0);
    cr_expect_eq(number_from("SELECT count(*) FROM tails"), 0);
    free(json);
}

Test(store_tails, come_into_a_store_of_an_older_version) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = 1000000, .count = 3};
    struct qmon_decision decision;
    struct qmon_window window;
    char command[SCRATCH_BYTES + 256];
    char *json;

    cr_assert_eq(save_event(store, EVENT(7, 7)), 0);
    cr_assert_eq(qmon_store_decide(store, &request, &decision), 0);
    qmon_store_close(store);
    snprintf(command, sizeof command,
             "sqlite3 %s/store.db 'DROP TABLE tails; ALTER TABLE events DROP COLUMN tail; "
             "ALTER TABLE windows DROP COLUMN asked_ms; PRAGMA user_version = 1'",
             scratch.path);
    cr_assert_eq(system(command), 0);
    store = open_store(scratch.path);
    json = save(1, "one", 1000);
    expect_event(1, json);
    cr_expect_eq(number_from("SELECT count(*) FROM events"), 2);
    cr_assert_eq(qmon_store_recall(store, &request, &window), 0);
    cr_expect_eq(window.total, 3);
    cr_expect_not((qmon_store_decide(store, &request, &decision), decision.alert), "it was told before");
    free(json);
}
