/*
 * session.h: configuration, state directory and store, as every command that reads or writes them opens them.
 */
#ifndef QMON_CLI_SESSION_H
#define QMON_CLI_SESSION_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/store.h>

struct qmon__cli_session {
    struct qmon_config *config;
    struct qmon_store *store;
    char state_dir[PATH_MAX];
};

/* Opens all three. 0; else an exit status, after what is wrong was said on stderr in the name of `command`. */
int qmon__cli_session_open(const char *command, struct qmon__cli_session *ret_session);
void qmon__cli_session_close(struct qmon__cli_session *session);

/* Says on stderr that the store did not do what was asked. Returns 1, the exit status. */
int qmon__cli_store_failed(const char *command, const struct qmon__cli_session *session, int error);

/* One event as the store has it. The strings are the caller's to free with qmon__cli_stored_free. */
struct qmon__cli_stored {
    char *json;
    char *state;
    uint64_t occurrences;
};

/*
 * Finds the event that `wanted` names: "latest", an id, or the beginning of one. A beginning that fits one crash, exit or
 * error and several lifecycle events means the former. 0; else an exit status, after saying on stderr what was wrong and,
 * where several fit, which.
 */
int qmon__cli_find(const char *command, const struct qmon__cli_session *session, const char *wanted,
                   struct qmon__cli_stored *ret_stored);
void qmon__cli_stored_free(struct qmon__cli_stored *stored);

#endif
