/* others.h: what a receiver does for others, once its own is done. Private to agent/receiver. */
#ifndef QMON_RECEIVER_OTHERS_H
#define QMON_RECEIVER_OTHERS_H

#include <stdbool.h>

#include "pass.h"

/* Their records, their deliveries, and what is told late: ends of problems and of crash loops, digests. With little time left, or where
 * the host waits for us (`waited_for`), only what nobody may come to tell after us. `alone`: no process of ours may wait for a digest,
 * so it is told before it is due. Closes the file, which may be among them. True:
 * something was held back that is not due to be summed up yet. */
bool qmon__see_to_others(struct qmon__pass *pass, struct qmon__record_file *file, bool waited_for, bool alone);

#endif
