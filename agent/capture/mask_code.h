/*
 * mask_code.h: from what the program believes of its mask to what the kernel has, and back.
 *
 * A proxy stands for each fault signal that is blocked. The proxies are signals that the program may block for themselves, too, and
 * there is no bit left in the kernel's mask to tell the two apart. So:
 *   - Blocked together with their neighbours, as sigfillset does it, they are not really blocked at all, but believed to be
 *     whenever the neighbours are. Then a proxy in the kernel's mask means the fault signal. One that is sent comes to us, is
 *     really blocked from then on, and waits (dispatch.c), as a fault signal does.
 *   - Signals that the program is seen to use by themselves, before proxies are needed, are not taken for that.
 *   - What it begins to use later is really blocked. Which of the two a bit means is kept in the thread for the mask that it
 *     set last; in a mask that it has from elsewhere, it means the fault signal.
 * SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_MASK_CODE_H
#define QMON_CAPTURE_MASK_CODE_H

#include <stdbool.h>

#include "sys.h"

struct qmon__belief;

/* The program uses these signals, unless the set was made by sigfillset. True: the proxies have moved, and handlers of fault signals
 * must be set again, as the kernel blocks the old ones while they run. */
bool qmon__proxies_avoid(qmon__sigset used);

/* Does the kernel have, or will it have, another mask than this one? From then on the proxies are what they are. */
bool qmon__mask_differs(qmon__sigset believed);
bool qmon__mask_has_differed(void);

/* A handler of a fault signal runs with the signal's proxy blocked, whatever the program's masks are: another mask that it sees and
 * that it may leave the handler with. */
void qmon__proxies_use(void);
bool qmon__proxies_are_in_use(void);

qmon__sigset qmon__mask_encode(qmon__sigset believed);
qmon__sigset qmon__mask_decode(qmon__sigset kernel);
/* By another memory than the thread has now. */
qmon__sigset qmon__mask_decode_by(const struct qmon__belief *belief, qmon__sigset kernel);

/* The thread's mask is this one now. */
void qmon__mask_remember(qmon__sigset believed, qmon__sigset kernel);

/* The proxy of a fault signal, as a set; none for others. */
qmon__sigset qmon__proxy_of(int signal);

#endif
