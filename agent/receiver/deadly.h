/*
 * deadly.h: system calls that a filter which came from the host, or was there before it (a service manager's), punishes with death. Each
 * is tried by a child first, where there is a filter.
 */
#ifndef QMON_RECEIVER_DEADLY_H
#define QMON_RECEIVER_DEADLY_H

#include <stdbool.h>

/* Does this function, which changes nothing, end who calls it? */
bool qmon__is_deadly(void (*call)(void));

#endif
