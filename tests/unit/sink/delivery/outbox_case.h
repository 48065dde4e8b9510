/* outbox_case.h: a store with an outbox, the sinks of sink_case.h, and deliveries from one to the others. */
#ifndef QMON_OUTBOX_CASE_H
#define QMON_OUTBOX_CASE_H

#include <qmon/delivery.h>
#include <qmon/store.h>

#include "scratch.h"
#include "sink_case.h"

struct outbox_case {
    struct scratch scratch;
    struct qmon_store *store;
    struct sink_case sinks;
    struct qmon_delivery_summary summary; /* of the last delivery */
};
extern struct outbox_case box;

/* Configurations: see sink_case_configure(). */
extern const char *const outbox_webhook[], *const outbox_slack[];

void outbox_setup(void);
void outbox_teardown(void);
void outbox_begin(const char *script, const char *const *lines);

/* Saves event number `number`, entitled "problem NUMBER", for these sinks, and returns its id. second may be NULL. */
const char *outbox_save(unsigned number, const char *first, const char *second);
/* Delivers whatever is due within that time. */
int outbox_deliver(uint64_t time_ms);
/* What no test can wait for: time that has passed, files that were damaged. SQL. */
void outbox_alter(const char *statement);
uint64_t outbox_counter(const char *name, const char *reason);
void outbox_expect(uint64_t waiting, uint64_t rejected);

uint64_t outbox_real_ms(void);
uint64_t outbox_monotonic_ms(void);

#endif
