/* What the tests of the store share. */
#ifndef QMON_TEST_STORE_SUPPORT_H
#define QMON_TEST_STORE_SUPPORT_H

#include <stdint.h>

#include <qmon/event.h>
#include <qmon/store.h>

/* An event of service "shop", stage "test", saved at once. Returns what qmon_store_save returned. */
struct wanted {
    const char *id;
    uint64_t time_ms;
    enum qmon_kind kind;
    const char *fingerprint;
    const char *service;
    const char *message;
    const char *sinks[4];
};
#define EVENT(number, time, ...) ((struct wanted){.id = id_of(number), .time_ms = time __VA_OPT__(, ) __VA_ARGS__})
int save_event(struct qmon_store *store, struct wanted wanted);

/* A UUID for number n, growing with it. One of eight buffers in turn. */
const char *id_of(unsigned n);

uint64_t counter_of(struct qmon_store *store, const char *name, const char *reason);

/* Opens and fails the test unless it is durable and without a problem. */
struct qmon_store *open_store(const char *directory);

#endif
