/*
 * digest.h: what limits held back, summed up: one message for each channel, over the fleet at most three in ten minutes.
 * Private to agent/receiver.
 *
 * Nothing of ours runs while nothing happens, so whichever receiver or command comes by tells what is due: ten seconds after the
 * first alert that was held back, or a minute after it where there was a digest a short while ago. A receiver that held something
 * back stays, in a process of its own, until that has been told (qmon__wait_for_digest_apart). What a channel held
 * back in its quiet hours is told when they are over, by whoever comes by then.
 *
 * ONCE. One process of a state directory tells at a time (digest-now.lock). It speaks of what was held back when it looked, and
 * of nothing that came since; that these are told, and the message, are one transaction. Of a digest too many only the number goes to
 * the fleet, which the next digest of anybody's adds to its own; should none have come when that window is over, whoever handed it
 * over asks again. A teller that is killed between Redis' answer and its own transaction loses what others had handed over: their
 * number, and no alert that this host holds.
 */
#ifndef QMON_RECEIVER_DIGEST_H
#define QMON_RECEIVER_DIGEST_H

#include "pass.h"

/* Tells what is due now; `at_once`, and of a store in memory always: everything, but for channels in quiet hours. Returns when the next one is due
 * (CLOCK_REALTIME, ms); 0: nothing waits that has not to wait for the end of quiet hours. */
uint64_t qmon__tell_digests(struct qmon__pass *pass, bool at_once);

/* A child of this process waits for what is not due yet, and tells it, for at most eleven minutes and if no other one of this state
 * directory does so already: the agent waits for us before it starts another receiver. SIGTERM and its like have it told at once.
 * No store may be open. */
void qmon__wait_for_digest_apart(void);

#endif
