/*
 * search.h: the ways to credentials, a file each. Private to agent/aws.
 *
 * Each way returns 0 and fills `access` but for the region; 1 where it is not set up here; a negative errno, with `why` filled,
 * where it is set up and does not work.
 */
#ifndef QMON__AWS_SEARCH_H
#define QMON__AWS_SEARCH_H

#include <qmon/aws.h>

struct qmon__aws_search {
    uint64_t deadline_ms; /* CLOCK_MONOTONIC */
    struct qmon_aws_access *access;
    char *why; /* QMON_AWS_WHY_BYTES */
};

typedef int qmon__aws_way(struct qmon__aws_search *search);
qmon__aws_way qmon__aws_environment, qmon__aws_web_identity, qmon__aws_profile, qmon__aws_container, qmon__aws_instance;

/* search.c */
int qmon__aws_fail(struct qmon__aws_search *search, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What is left until the deadline, at most `most_ms`, at least 1. */
uint64_t qmon__aws_left_ms(const struct qmon__aws_search *search, uint64_t most_ms);
/* A variable that is set to something, else NULL. */
const char *qmon__aws_variable(const char *name);
/* Takes a text over where it fits and is printable without blanks; false, and nothing changed, where not. NULL is "". */
bool qmon__aws_keep(char *to, size_t bytes, const char *text);
/* A short file's text, without white space at its end, to be freed; NULL: errno. */
char *qmon__aws_read(const char *path);

/* A request of ours to somebody who hands out credentials; `what` is who, for words. 0 and the answer's body, to be freed by
 * qmon__aws_free; a negative errno and the reason. Not signed, not through a proxy. */
struct qmon__aws_question {
    const char *what, *method, *url;
    const char *const *headers;
    uint64_t most_ms;
};
int qmon__aws_ask(struct qmon__aws_search *search, const struct qmon__aws_question *question, char **ret_body);
void qmon__aws_free(char *body); /* overwrites it */

/* Credentials from JSON as containers and instances hand them out. */
int qmon__aws_read_json(struct qmon__aws_search *search, const char *what, const char *json);
/* "2026-11-25T15:00:00Z" in ms since 1970; 0 where it is not such a time. */
uint64_t qmon__aws_time(const char *text);

/* program.c: credentials that a command says, for the profile of that name. Bounded by the search's deadline and 5 s. */
int qmon__aws_program(struct qmon__aws_search *search, const char *name, const char *command);

/* instance.c: the region that the instance is in. 0; 1 not an instance; a negative errno. */
int qmon__aws_instance_region(struct qmon__aws_search *search);
bool qmon__aws_is_instance(void);
bool qmon__aws_is_container(void);

/* sts.c: credentials of a role. With `web_identity` (a token) nothing is signed; else as `access` says, and it is replaced. */
struct qmon__aws_role {
    const char *arn, *session_name, *external_id; /* the last two may be NULL */
    const char *web_identity;
    const char *region; /* "" not known */
};
int qmon__aws_assume(struct qmon__aws_search *search, const struct qmon__aws_role *role);

#endif
