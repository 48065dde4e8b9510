/* parts.h: what the parts of the kit share. Private to agent/kit. */
#ifndef QMON__KIT_PARTS_H
#define QMON__KIT_PARTS_H

#include <stdint.h>

#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/kit.h>
#include <qmon/store.h>

/* The configuration of the environment with these settings over it; NULL out of memory. */
struct qmon_config *qmon__kit_config(const char *const *settings);
/* The store of the state directory, in memory where that cannot be used. NULL out of memory. */
struct qmon_store *qmon__kit_store(const struct qmon_config *config);

/* A new event of this process and service. NULL out of memory. */
struct qmon_event *qmon__kit_event(const struct qmon_config *config);

/* The decision of a cache, as for any other event; what decide returns. */
struct qmon_decision_request;
struct qmon_decision;
int qmon__kit_decide(struct qmon_kit_cache *cache, const struct qmon_decision_request *request,
                     struct qmon_decision *ret_decision);

#endif
