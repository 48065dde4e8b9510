/*
 * delivery_fleet.h: what was told first of a problem, over the fleet: kept in Redis for a day, so that another host's alert of
 * the same problem goes into the same thread. Private to delivery*.c.
 *
 * Only for channels that keep threads, and only where Redis decided that this event alerts: a Redis that cannot be had was
 * waited for already, and is not asked again. What cannot be remembered costs a thread, and no alert.
 */
#ifndef QMON_DELIVERY_FLEET_H
#define QMON_DELIVERY_FLEET_H

#include <qmon/cache.h>
#include <qmon/sink.h>

struct qmon__fleet_memory {
    struct qmon_cache *cache; /* NULL: nothing is asked or kept */
    char key[600];
    char *value; /* "REMOTE_ID\n" and the event that it tells of, as JSON; NULL none */
    bool asked;
};

/* Asks nothing yet. To be ended. */
void qmon__fleet_memory_begin(struct qmon__fleet_memory *ret_memory, const struct qmon_config *config,
                              const struct qmon_sink *sink, const struct qmon_event *event);
/* The first message's remote_id, to be freed; NULL none. */
char *qmon__fleet_memory_first(struct qmon__fleet_memory *memory);
/* The event that this message tells of, to be freed; NULL not known. */
char *qmon__fleet_memory_event(struct qmon__fleet_memory *memory, const char *remote_id);
/* This message is the first of a thread. */
void qmon__fleet_memory_note(struct qmon__fleet_memory *memory, const char *remote_id, const char *json);
void qmon__fleet_memory_end(struct qmon__fleet_memory *memory);

#endif
