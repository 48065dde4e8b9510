/*
 * digest.h: what limits held back, summed up: one message for each channel, over the fleet at most three in ten minutes.
 * Private to agent/receiver.
 *
 * Nothing of ours runs while nothing happens, so whichever receiver or command comes by tells what is due: ten seconds after the
 * first alert that was held back, or a minute after it where there was a digest a short while ago. A receiver that held something
 * back stays, in a process of its own, until that has been told (qmon__wait_for_digest).
 */
#ifndef QMON_RECEIVER_DIGEST_H
#define QMON_RECEIVER_DIGEST_H

#include "pass.h"

/* Tells what is due now; `at_once`: everything. Returns when the next one is due (CLOCK_REALTIME, ms); 0: nothing waits. */
uint64_t qmon__tell_digests(struct qmon__pass *pass, bool at_once);

/* Waits for what is not due yet, and tells it: in this process, for at most ten minutes, if no other one of this state directory
 * does so already. */
void qmon__wait_for_digest(struct qmon__pass *pass);

#endif
