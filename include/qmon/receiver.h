/*
 * receiver.h: the receiver's doors: what the agent starts, and what the command calls.
 */
#ifndef QMON_RECEIVER_H
#define QMON_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/config.h>
#include <qmon/store.h>

/*
 * `qmon receive --why=WHY --pid=PID --record=PATH --deadline-ms=N [--hold]`, started by the agent with the record on
 * descriptor 3 (the file itself, or a sealed copy in a memfd where PATH is empty), no other descriptor open but 0-2 on
 * /dev/null, a session of its own, all signals at their default and none blocked, and an environment that holds the
 * configuration alone.
 *   --why     start | stop | exec | crash | ring | found (a child of the host's died without a word)
 *   --pid     the process, in the receiver's own pid namespace
 *   --hold    the host must not be let go before delivery was tried (PID 1, a container that ends with it)
 * For crash the host waits until this process exits: it does so as soon as all that vanishes with the host is kept
 * (the rest is done by a forked child), unless --hold.
 */
int qmon_receive_main(int argc, char **argv);

/* What a parent saw of a process's end, for records whose owner could not say it itself. */
struct qmon_known_end {
    uint32_t pid;
    int wait_status; /* as from waitpid */
};

/* Finds the records that dead processes left in this state directory's places and makes events of them, once each.
 * `known` may be NULL. Returns 0 or a negative errno; *ret_recovered counts events made. */
int qmon_recover(struct qmon_store *store, const struct qmon_config *config, const char *state_dir,
                 const struct qmon_known_end *known, unsigned *ret_recovered);

/* The end of a process that the agent could not be in (a static program, one with privileges), as its parent saw it. Makes
 * a crash or exit event of it, where an end of that kind is told of at all (QMON_EXIT; the signals that ask a program to
 * stop are no crash), and takes it to the store and the channels. 0 and *ret_made (0 or 1), or a negative errno. */
struct qmon_seen_end {
    uint32_t pid;
    int wait_status; /* as from waitpid */
    uint64_t start_real_ns, end_real_ns;
    const char *executable; /* absolute, or as it was started */
    char *const *argv;
    const char *why; /* why the agent was not in it: a sentence without its subject, "is statically linked" */
};
int qmon_report_seen_end(struct qmon_store *store, const struct qmon_config *config, const struct qmon_seen_end *end,
                         unsigned *ret_made);

/* Waits until no record of process `pid` (0: of any process) that is dead remains to be processed and no receiver works
 * on one; at most timeout_ms. 0, or -ETIMEDOUT. */
int qmon_await(const char *state_dir, uint32_t pid, uint64_t timeout_ms);

/* Calls visit for each process that is alive and monitored in this state directory. */
struct qmon_live_process {
    uint32_t pid;
    bool root;
    uint64_t created_real_ns;
    const char *executable; /* borrowed for the call */
};
int qmon_visit_live(const char *state_dir, void (*visit)(void *context, const struct qmon_live_process *process),
                    void *context);

#endif
