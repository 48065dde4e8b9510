#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int qmon__cli_session_open(const char *command, struct qmon__cli_session *ret_session) {
    struct qmon__cli_session session = {0};
    const char *problem = NULL;
    int r;

    session.config = qmon_config_load(environ);
    if (!session.config) {
        fprintf(stderr, "qmon %s: out of memory\n", command);
        return 1;
    }
    r = qmon_state_dir(session.config->state_dir, environ, session.state_dir, sizeof session.state_dir);
    if (r < 0) {
        fprintf(stderr, "qmon %s: there is no state directory that can be used (%s); set QMON_STATE_DIR to one\n",
                command, strerror(-r));
        qmon__cli_session_close(&session);
        return 1;
    }
    if (r > 0)
        fprintf(stderr, "qmon %s: the wanted state directory cannot be used; %s is used instead\n", command,
                session.state_dir);
    session.store = qmon_store_open(session.state_dir, &problem);
    if (!session.store || !qmon_store_is_durable(session.store)) {
        fprintf(stderr, "qmon %s: the store in %s cannot be used: %s\n", command, session.state_dir,
                problem ? problem : "out of memory");
        qmon__cli_session_close(&session);
        return 1;
    }
    *ret_session = session;
    return 0;
}

void qmon__cli_session_close(struct qmon__cli_session *session) {
    if (session->store)
        qmon_store_close(session->store);
    if (session->config)
        qmon_config_free(session->config);
    session->store = NULL;
    session->config = NULL;
}

int qmon__cli_store_failed(const char *command, const struct qmon__cli_session *session, int error) {
    const char *problem = qmon_store_problem(session->store);

    fprintf(stderr, "qmon %s: the store in %s: %s\n", command, session->state_dir,
            problem && *problem ? problem : strerror(-error));
    return 1;
}
