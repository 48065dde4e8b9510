/* user_dispatch.h: programs that answer system calls themselves. */
#ifndef QMON_HOOKS_USER_DISPATCH_H
#define QMON_HOOKS_USER_DISPATCH_H

/* From now on a call that is made elsewhere than in this range of addresses may be SIGSYS to the program. SIGNAL SAFETY: none is asked of
 * it, by prctl(). */
void qmon__user_dispatch_comes(unsigned long begin, unsigned long bytes);

#endif
