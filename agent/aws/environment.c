/* environment.c: credentials that are set as variables. */
#include <errno.h>
#include <stdio.h>

#include "search.h"

int qmon__aws_environment(struct qmon__aws_search *search) {
    struct qmon_aws_access *access = search->access;
    const char *key_id = qmon__aws_variable("AWS_ACCESS_KEY_ID");
    const char *secret = qmon__aws_variable("AWS_SECRET_ACCESS_KEY");

    if (key_id == NULL && secret == NULL)
        return 1;
    if (key_id == NULL || secret == NULL)
        return qmon__aws_fail(search, -ENOKEY, "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
    if (!qmon__aws_keep(access->key_id, sizeof access->key_id, key_id) ||
        !qmon__aws_keep(access->secret, sizeof access->secret, secret) ||
        !qmon__aws_keep(access->token, sizeof access->token, qmon__aws_variable("AWS_SESSION_TOKEN")))
        return qmon__aws_fail(search, -EINVAL,
                              "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_SESSION_TOKEN is not a credential");
    snprintf(access->source, sizeof access->source, "the environment (AWS_ACCESS_KEY_ID)");
    return 0;
}
