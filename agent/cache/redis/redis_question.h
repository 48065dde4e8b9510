/*
 * redis_question.h: the command that asks for a decision.
 */
#ifndef QMON__CACHE_REDIS_QUESTION_H
#define QMON__CACHE_REDIS_QUESTION_H

#include <qmon/cache.h>

#include "redis_route.h"

#define QMON__QUESTION_ARGUMENTS 16
#define QMON__REDIS_KEY_BYTES 1100

struct qmon__redis_question {
    char key[QMON__REDIS_KEY_BYTES];
    char numbers[9][24];
    char nonce[20], host[256], version[QMON_VERSION_BYTES];
    /* By the script's digest, and with its text; point into this structure: it is not to be copied. */
    const char *arguments[QMON__QUESTION_ARGUMENTS], *whole[QMON__QUESTION_ARGUMENTS];
    struct qmon__redis_command command;
};

/* The name of a problem's key in Redis. */
void qmon__redis_problem_key(const char *key, char ret_name[QMON__REDIS_KEY_BYTES]);
/* Makes the question for this request, with a nonce of its own. */
void qmon__redis_compose(struct qmon__redis_question *question, const struct qmon_decision_request *request);

#endif
