/*
 * crash_loop.h: one program that crashes again and again, because somebody starts it again and again. Private to agent/receiver.
 *
 * QMON_CRASH_LOOP crashes of a program (service, stage and executable), each of a process that was started after the one before it, and
 * less than ten minutes after it, are a loop on this host once they have taken half a minute; twice as many are after a second. It
 * is told once when it is seen, again each time that the number has doubled, and once when there was none for ten minutes. While it lasts its starts and stops are kept, and told nobody. A stop with a status that is not zero counts
 * as a crash where a service manager (process 1) or a container runtime starts the program.
 */
#ifndef QMON_RECEIVER_CRASH_LOOP_H
#define QMON_RECEIVER_CRASH_LOOP_H

#include "pass.h"

/* This event has been saved: counts it, and puts the loop into the outbox where that is to be told; `deliver`: and brings it to its
 * channels. */
void qmon__note_crash(struct qmon__pass *pass, const struct qmon_event *event, bool deliver);
/* Is this a start or stop in a loop, which goes without saying? */
bool qmon__is_of_loop(struct qmon__pass *pass, const struct qmon_event *event);
/* Tells which loops have ended. */
void qmon__tell_loops_over(struct qmon__pass *pass, uint64_t now_ms);

#endif
