/* manners.h: how a receiver behaves towards the machine that it was started on. Private to agent/receiver. */
#ifndef QMON_RECEIVER_MANNERS_H
#define QMON_RECEIVER_MANNERS_H

/* We are begun with all signals blocked, and those ignored that the host ignores: the host does not wait for that to be put right. */
void qmon__default_signals(void);
/* SIGTERM and its like: service managers send them to everything that a dead service leaves, and we are nearly done. */
void qmon__ignore_stop_signals(void);
/* We take our memory from the host's control group: where there is too little it is we who go, not the host. */
void qmon__offer_to_oom_killer(void);
/* We inherit the host's place among processes: a real-time priority, a nice value below 0, the processors that it is bound to, which may be
 * kept free for it alone. What we do for some 10 ms is not as urgent, and is not to be done there. */
void qmon__give_way(void);

#endif
