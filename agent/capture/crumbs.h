/*
 * crumbs.h: short notes of what happened, the last QMON_CRUMBS of them, in the record: there also after a SIGKILL. Start and
 * exec need none, for the record tells them by itself. SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_CRUMBS_H
#define QMON_CAPTURE_CRUMBS_H

#include <stdint.h>

/* Leaves a crumb of these texts in a row, cut to what fits; NULL is left out. Only where this process owns its record. */
void qmon__crumb(const char *text, const char *more, const char *rest);
/* The same by who knows already that it owns the record, and which thread it is. */
void qmon__crumb_of_thread(uint32_t tid, const char *text, const char *more, const char *rest);

/* A signal goes to a handler of the program's, which owns its record; a child has been made, the count-th one. Told the first time, the tenth,
 * the hundredth and so on: a program that does nothing else should not lose all its other crumbs over it. The others cost a
 * few instructions. */
void qmon__crumb_of_signal(int signal);
void qmon__crumb_of_child(const char *how, _Atomic uint32_t *count);
/* In the parent, after the fork. Keeps errno. */
void qmon__crumb_of_fork(void);

#endif
