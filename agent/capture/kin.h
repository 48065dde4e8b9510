/*
 * kin.h: who above this process would be given an orphan of it.
 *
 * A process that is left by its parent goes to the nearest ancestor that has made itself a subreaper. Where that is a
 * monitored program, a receiver that lives on would be one more child to it; so none does there: whoever starts
 * one waits for it.
 */
#ifndef QMON_CAPTURE_KIN_H
#define QMON_CAPTURE_KIN_H

#include <stdbool.h>

/* Is a monitored ancestor of the calling process a subreaper? SIGNAL SAFETY: async-signal-safe. */
bool qmon__kin_has_subreaper(void);

/* Would the calling process, or a monitored one above it, be given its orphans? SIGNAL SAFETY: async-signal-safe. */
bool qmon__orphans_are_seen(void);

/* The calling process itself is one now, or is none any more: noted where its descendants find it. */
void qmon__kin_note_subreaper(void);

#endif
