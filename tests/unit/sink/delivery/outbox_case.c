#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "outbox_case.h"

struct outbox_case box;
const char *const outbox_webhook[] = {"QMON_WEBHOOK_URL=@events", NULL};
const char *const outbox_slack[] = {"SLACK_APP_TOKEN=xoxb-SECRET", "SLACK_ALERTS_CHANNEL=C012AB3CD",
                                    "SLACK_API_URL=@api/", NULL};

static uint64_t now_ms(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

uint64_t outbox_real_ms(void) {
    return now_ms(CLOCK_REALTIME);
}

uint64_t outbox_monotonic_ms(void) {
    return now_ms(CLOCK_MONOTONIC);
}

void outbox_setup(void) {
    const char *problem = NULL;

    box.scratch = scratch_make();
    box.store = qmon_store_open(box.scratch.path, &problem);
    cr_assert(box.store && qmon_store_is_durable(box.store), "%s", problem);
}

void outbox_teardown(void) {
    qmon_store_close(box.store);
    sink_case_end(&box.sinks);
    scratch_remove(&box.scratch);
}

void outbox_begin(const char *script, const char *const *lines) {
    sink_case_begin(&box.sinks, HTTP_TLS_NONE, script);
    sink_case_configure(&box.sinks, lines);
}

const char *outbox_save(unsigned number, const char *first, const char *second) {
    static char id[QMON_EVENT_ID_BYTES];
    const char *sinks[] = {first, second};
    struct qmon_event *event = qmon_event_new(now_ms(CLOCK_REALTIME) * 1000000);

    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->title = qmon_event_format(event, "problem %u", number);
    snprintf(event->fingerprint, sizeof event->fingerprint, "%032x", number);
    cr_assert_eq(qmon_store_save(box.store, event, "alerted", sinks, second ? 2 : 1), 0);
    strcpy(id, event->id);
    qmon_event_free(event);
    return id;
}

int outbox_deliver(uint64_t time_ms) {
    return qmon_deliver_due(box.store, box.sinks.config, NULL, now_ms(CLOCK_MONOTONIC) + time_ms, &box.summary);
}

void outbox_alter(const char *statement) {
    sqlite3 *database = NULL;
    char *message = NULL;

    cr_assert_eq(sqlite3_open(scratch_path(&box.scratch, "store.db"), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 2000);
    cr_assert_eq(sqlite3_exec(database, statement, NULL, NULL, &message), SQLITE_OK, "%s", message);
    sqlite3_close(database);
}

struct wanted {
    const char *name, *reason;
    uint64_t value;
};

static void find_counter(void *context, const struct qmon_counter *counter) {
    struct wanted *wanted = context;

    if (strcmp(counter->name, wanted->name) == 0 && strcmp(counter->reason, wanted->reason) == 0)
        wanted->value = counter->value;
}

uint64_t outbox_counter(const char *name, const char *reason) {
    struct wanted wanted = {.name = name, .reason = reason};

    cr_assert_geq(qmon_store_counters(box.store, find_counter, &wanted), 0);
    return wanted.value;
}

void outbox_expect(uint64_t waiting, uint64_t rejected) {
    uint64_t found[3];

    cr_assert_eq(qmon_outbox_summary(box.store, &found[0], &found[1], &found[2]), 0);
    cr_expect_eq(found[0], waiting, "%lu wait", found[0]);
    cr_expect_eq(found[1], rejected, "%lu set aside", found[1]);
}
