/*
 * redis_check.c: is Redis as it should be? For people: there is time, and every answer is looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qmon/cache.h>

#include "redis_connection.h"
#include "redis_problem.h"
#include "redis_question.h"
#include "redis_script.h"

#define CHECK_MS 3000u

struct check {
    struct qmon__redis_address address;
    struct qmon__redis_connection *connection;
    uint64_t deadline_ms;
    char *reason;
    size_t bytes;
};

static bool fail(struct check *check, int error, const char *said) {
    qmon__redis_problem(check->reason, check->bytes, &check->address, error, said);
    return false;
}

/* Asks, and says what was wrong where the answer is an error. */
static bool ask(struct check *check, int count, const char *const *arguments, struct qmon__reply **ret_reply) {
    int r = qmon__redis_ask(check->connection, count, arguments, check->deadline_ms, ret_reply);

    if (r < 0)
        return fail(check, r, NULL);
    if ((*ret_reply)->type == QMON__REPLY_ERROR) {
        fail(check, qmon__reply_error(*ret_reply), (*ret_reply)->text);
        qmon__reply_free(*ret_reply);
        return false;
    }
    return true;
}

static double now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static bool ping(struct check *check, double *ret_ms) {
    double before = now_ms();
    struct qmon__reply *reply;

    if (!ask(check, 1, (const char *const[]){"PING"}, &reply))
        return false;
    qmon__reply_free(reply);
    *ret_ms = now_ms() - before;
    return true;
}

static void find_version(struct check *check, char *ret_version, size_t bytes) {
    static const char field[] = "redis_version:";
    const char *const arguments[] = {"INFO", "server"};
    struct qmon__reply *reply;
    const char *at;

    snprintf(ret_version, bytes, "of unknown version");
    if (!ask(check, 2, arguments, &reply))
        return;
    at = strstr(reply->text, field);
    if (at != NULL) {
        at += sizeof field - 1;
        snprintf(ret_version, bytes, "%.*s", (int) strspn(at, "0123456789."), at);
    }
    qmon__reply_free(reply);
}

/* A decision as any other, of a key of our own, which is taken away again. */
static bool try_deciding(struct check *check) {
    const struct qmon_decision_request request = {.key = "qmon doctor", .limit = 1, .window_s = 1, .count = 1};
    struct qmon__redis_question question;
    struct qmon_decision decision;
    struct qmon__reply *reply;
    bool fine;

    qmon__redis_compose(&question, &request);
    question.arguments[0] = "EVAL";
    question.arguments[1] = qmon__script;
    if (!ask(check, QMON__QUESTION_ARGUMENTS, question.arguments, &reply))
        return false;
    fine = qmon__reply_decision(reply, &request, &decision) == 0 || fail(check, -EBADMSG, NULL);
    qmon__reply_free(reply);
    if (fine && ask(check, 2, (const char *const[]){"DEL", question.key}, &reply))
        qmon__reply_free(reply);
    return fine;
}

static bool examine(struct check *check) {
    char version[32];
    double ms;

    if (!ping(check, &ms))
        return false;
    find_version(check, version, sizeof version);
    if (!try_deciding(check))
        return false;
    snprintf(check->reason, check->bytes, "redis %s at %s, %.1f ms", version, check->address.shown, ms);
    return true;
}

bool qmon_cache_redis_check(const struct qmon_config *config, char *ret_reason, size_t bytes) {
    struct check check = {.reason = ret_reason, .bytes = bytes, .deadline_ms = qmon__redis_now_ms() + CHECK_MS};
    char why[QMON__REDIS_WHY_BYTES];
    const char *note;
    bool fine = false;
    int r = qmon__redis_address_of(config, &check.address, why);

    if (r != 0) {
        snprintf(ret_reason, bytes, "%s%s", r == -EINVAL ? "REDIS_URL " : "",
                 r == 1         ? "not configured"
                 : r == -EINVAL ? why
                                : "out of memory");
        return false;
    }
    r = qmon__redis_open(&check.address, check.deadline_ms, &check.connection, &note);
    if (r < 0)
        fail(&check, r, note);
    else
        fine = examine(&check);
    qmon__redis_close(check.connection);
    qmon__redis_address_clear(&check.address);
    return fine;
}
