/*
 * dispositions.h: signal dispositions as the program sees them, and what stands in the kernel's table instead.
 *
 * For each signal a shadow entry holds exactly what the program set. In the kernel stands
 *   - for a fault signal: our entry, even if the program ignores it, for a real fault is the end all the same;
 *   - for SIGABRT: our entry, unless the program ignores it;
 *   - for any other ending signal: our entry while the program has the default;
 *   - for any signal: our entry for a one-shot handler (so that the default that follows is ours) and for one that wants the
 *     alternate stack (which may be ours: the entry moves it off);
 *   - for a proxy (mask_code.h), and for any signal once proxies are in use: our entry for any handler;
 *   - else what the program set, so that its handler runs as if we were not there.
 *
 * CONCURRENCY. An entry is replaced as a whole: the writer fills a spare copy and publishes its number with one store, so a
 * reader in a signal handler never sees half of one, and a writer that is interrupted by a handler which sets the same
 * signal leaves the later of the two. A child of vfork shares this memory but not the kernel's table: it passes
 * through, translated, and writes nothing here.
 */
#ifndef QMON_CAPTURE_DISPOSITIONS_H
#define QMON_CAPTURE_DISPOSITIONS_H

#include <stdbool.h>

#include "sys.h"

/* Takes over the present dispositions (inherited SIG_IGNs stay) and installs our entry. */
void qmon__dispositions_start(void);

/* sigaction(2) for the program. Returns 0 or a negative errno. SIGNAL SAFETY: async-signal-safe. */
int qmon__disposition_virtual(int signal, const struct qmon__kernel_action *wanted,
                              struct qmon__kernel_action *ret_old);

/* From now on our entry comes before every handler, to show it the mask that the program believes. Cheap when it does already.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__dispositions_veil(void);
bool qmon__dispositions_are_veiled(void);

/* The calling process is about to exec, or to make one that does: what is ignored must be so in the kernel. And back.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__dispositions_reveal(void);
void qmon__dispositions_restore(void);

/* The signals that the program does not leave their default action. SIGNAL SAFETY: async-signal-safe. */
qmon__sigset qmon__dispositions_handled(void);

/* The signals that have our entry in the kernel's table for no wish of the program's, and that nobody changes behind our back: system()
 * has SIGINT and SIGQUIT ignored meanwhile, and Go calls the kernel. None in a child that shares its parent's memory.
 * SIGNAL SAFETY: async-signal-safe. */
qmon__sigset qmon__dispositions_of_ours(void);

/* What the program set. For the signal entry. */
struct qmon__kernel_action qmon__disposition_of(int signal);
/* SA_RESETHAND: the program's handler has had its one call. */
void qmon__disposition_reset(int signal);

/* A filter is about to come that lets no dispositions be set any more: then a signal that was sent could not be made to end the process,
 * as its default action would have. So from now on the kernel itself takes our entry away as it calls it (SA_RESETHAND), for
 * signals that the program has at their default, but for faults, which guards may need more than once. `hard` false: the filter was
 * not taken. */
void qmon__dispositions_harden(bool hard);

/* Handlers return by libc's code instead of ours from now on, which does the same. SIGNAL SAFETY: async-signal-safe. */
void qmon__dispositions_return_by(void *libc_s);
/* By which they return. SIGNAL SAFETY: async-signal-safe. */
void *qmon__dispositions_restorer(void);
/* Has it been asked by which libc's return? From now on those do that are set from now on; NULL: libc has none, and ours stays.
 * SIGNAL SAFETY: async-signal-safe. */
bool qmon__dispositions_know_restorer(void);
void qmon__dispositions_have_restorer(void *libc_s);

/* As qmon__proxies_avoid(), with what the kernel has for handlers of fault signals. Not in a child that shares its parent's memory: it
 * soon execs, and the proxies are its parent's. A handler that runs in another thread just then sees an old one blocked until it
 * returns. */
void qmon__dispositions_avoid(qmon__sigset used);

/* Gives a signal its true default action in the kernel, for dying by it. False: a filter does not let us. */
bool qmon__disposition_default(int signal);

/* The kernel calls this; in <arch>/signal_entry.S. */
void qmon__signal_entry(void);

#endif
