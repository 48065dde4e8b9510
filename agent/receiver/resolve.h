/* resolve.h: problems that came no more. Private to agent/receiver. */
#ifndef QMON_RESOLVE_H
#define QMON_RESOLVE_H

#include "pass.h"

/* Makes an event "resolved" of each problem that was alerted of and has been quiet for QMON_RESOLVE_AFTER seconds, and puts it into
 * the outbox; nothing where that is 0, or without a durable store. Cheap. Returns how many were made. */
unsigned qmon__tell_resolved(struct qmon__pass *pass, uint64_t now_ms);

#endif
