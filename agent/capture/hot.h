/* hot.h: where the agent's variables stand. */
#ifndef QMON_CAPTURE_HOT_H
#define QMON_CAPTURE_HOT_H

/* For what every process reads or writes at its start or end: together, in the page of initialized data, which the loader has made the
 * process's own already. Each page of zeros that is touched besides costs a process a microsecond and 4 KiB. */
#define QMON__HOT __attribute__((section(".data.qmon_hot")))

#endif
