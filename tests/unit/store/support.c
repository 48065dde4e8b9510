#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

int save_event(struct qmon_store *store, struct wanted wanted) {
    struct qmon_event event = {.kind = wanted.kind, .severity = QMON_SEVERITY_ERROR, .origin = SIZE_MAX};
    size_t sinks = 0;

    while (wanted.sinks[sinks] != NULL)
        sinks++;
    snprintf(event.id, sizeof event.id, "%s", wanted.id);
    if (wanted.fingerprint != NULL)
        snprintf(event.fingerprint, sizeof event.fingerprint, "%s", wanted.fingerprint);
    event.time_ns = wanted.time_ms * 1000000;
    event.title = "title";
    event.message = wanted.message;
    event.code = "SIGSEGV";
    event.service.name = wanted.service != NULL ? wanted.service : "shop";
    event.service.stage = "test";
    return qmon_store_save(store, &event, "alerted", wanted.sinks, sinks);
}

const char *id_of(unsigned n) {
    static char ids[8][QMON_EVENT_ID_BYTES];
    static unsigned next;
    char *id = ids[next++ % 8];

    snprintf(id, sizeof ids[0], "%08x-0000-7000-8000-000000000000", n);
    return id;
}

struct search {
    const char *name, *reason;
    uint64_t value;
};

static void look_at(void *context, const struct qmon_counter *counter) {
    struct search *search = context;

    if (strcmp(counter->name, search->name) == 0 &&
        (search->reason == NULL || strcmp(counter->reason, search->reason) == 0))
        search->value += counter->value;
}

uint64_t counter_of(struct qmon_store *store, const char *name, const char *reason) {
    struct search search = {name, reason, 0};

    cr_assert_eq(qmon_store_counters(store, look_at, &search), 0);
    return search.value;
}

struct qmon_store *open_store(const char *directory) {
    const char *problem = "?";
    struct qmon_store *store = qmon_store_open(directory, &problem);

    cr_assert_not_null(store);
    cr_assert_null(problem, "%s", problem);
    cr_assert(qmon_store_is_durable(store));
    return store;
}
