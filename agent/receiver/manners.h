/* manners.h: how a receiver behaves towards the machine that it was started on. Private to agent/receiver. */
#ifndef QMON_RECEIVER_MANNERS_H
#define QMON_RECEIVER_MANNERS_H

/* SIGTERM and its like: service managers send them to everything that a dead service leaves, and we are nearly done. */
void qmon__ignore_stop_signals(void);
/* We take our memory from the host's control group: where there is too little it is we who go, not the host. */
void qmon__offer_to_oom_killer(void);

#endif
