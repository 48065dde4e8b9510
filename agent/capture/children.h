/*
 * children.h: what only lifecycle.c and ends.c ask of the part that knows the children; the doors for the hooks are in agent.h.
 */
#ifndef QMON_CAPTURE_CHILDREN_H
#define QMON_CAPTURE_CHILDREN_H

#include <stdbool.h>

/* The process is about to end well. One that does so right after a fork may be making itself a daemon. Its child may not have got
 * round to making its record: then it is made for it, so that whoever looks for the daemon finds it from now on.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__mark_last_child(void);

/* Does this exit status of ours mean the signal that ended a child of ours, or of one that ended with it, whose crash is told?
 * SIGNAL SAFETY: async-signal-safe. */
bool qmon__repeats_child(int status);

#endif
