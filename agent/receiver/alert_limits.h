/*
 * alert_limits.h: how many alerts a channel takes. Private to agent/receiver.
 *
 * A channel that people read takes so many in a minute (the burst) and so many in a window, and there may be a limit for all of
 * them together; each is counted where repeats are: in Redis over the fleet, else on this host. Each kind of event is counted by
 * itself, so that a storm of errors keeps nobody from hearing of a crash; crashes, exits, and starts and stops have thirty times
 * as many each. The end of a problem, digests and
 * crash loops are not counted: they are few, and say what the limits would hide. What waits for the end of a channel's quiet
 * hours is counted for that moment, so that a long night is no flood in the morning.
 */
#ifndef QMON_RECEIVER_ALERT_LIMITS_H
#define QMON_RECEIVER_ALERT_LIMITS_H

#include <qmon/routing.h>

#include "pass.h"

/* Of these channels, those that the event may go to now. The others are remembered as held back, for the digest, and counted. */
qmon_channels qmon__within_limits(struct qmon__pass *pass, const struct qmon_event *event, qmon_channels channels);

/* A place that a channel's alerts go to, as part of a key: "slack|0123456789abcdef". */
#define QMON__PLACE_BYTES 64
void qmon__place_of(const struct qmon_config *config, enum qmon_channel channel, char ret_place[QMON__PLACE_BYTES]);

#endif
