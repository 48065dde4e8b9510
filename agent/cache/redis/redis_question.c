#include "redis_question.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <qmon/clock.h>

#include "redis_script.h"
#include "redis_transport.h"

#define KEPT_MS UINT64_C(604800000)    /* a week from its last occurrence, or two windows if that is longer */
#define NUMBER_MAX (UINT64_C(1) << 53) /* what a script's numbers hold exactly */
#define KEY_BYTES_MAX 1024

enum { WINDOW, LIMIT, COUNT, TO_LIVE, AGE, ALERTS, TOTAL, HELD, FIRST };

static void put(struct qmon__redis_question *question, int which, uint64_t value) {
    if (value > NUMBER_MAX)
        value = NUMBER_MAX;
    snprintf(question->numbers[which], sizeof question->numbers[which], "%" PRIu64, value);
}

/* What is between braces decides where a cluster keeps it, so there are no others. A key that is too long is told from
 * others by its hash. */
void qmon__redis_problem_key(const char *key, char ret_name[QMON__REDIS_KEY_BYTES]) {
    bool whole = strlen(key) <= KEY_BYTES_MAX;
    uint64_t hash = 0xcbf29ce484222325u;
    int used = 0;

    for (const char *c = key; *c != '\0'; c++)
        hash = (hash ^ (unsigned char) *c) * 0x100000001b3u;
    used = snprintf(ret_name, QMON__REDIS_KEY_BYTES, "qmon:{%.*s", whole ? KEY_BYTES_MAX : 900, key);
    for (char *c = ret_name + sizeof "qmon:{" - 1; *c != '\0'; c++)
        if (*c == '{' || *c == '}')
            *c = *c == '{' ? '(' : ')';
    if (whole)
        snprintf(ret_name + used, QMON__REDIS_KEY_BYTES - (size_t) used, "}:window");
    else
        snprintf(ret_name + used, QMON__REDIS_KEY_BYTES - (size_t) used, "#%016" PRIx64 "}:window", hash);
}

static void put_known(struct qmon__redis_question *question, const struct qmon_decision_request *request) {
    static const struct qmon_window nothing;
    const struct qmon_window *known = request->known != NULL ? request->known : &nothing;
    uint64_t now_ms = request->now_ms;

    if (known->total > 0)
        put(question, AGE, now_ms > known->start_ms ? now_ms - known->start_ms : 0);
    else
        strcpy(question->numbers[AGE], "-1");
    put(question, ALERTS, known->alerts);
    put(question, TOTAL, known->total);
    put(question, HELD, known->suppressed);
    put(question, FIRST, known->first_seen_ms > 0 && now_ms > known->first_seen_ms ? now_ms - known->first_seen_ms : 0);
}

static uint64_t times(uint64_t value, uint64_t factor) {
    uint64_t product;
    return __builtin_mul_overflow(value, factor, &product) ? NUMBER_MAX : product;
}

/* Cut, and without what separates words in Redis. */
static void put_word(char *to, size_t bytes, const char *text) {
    snprintf(to, bytes, "%s", text != NULL ? text : "");
    for (; *to != '\0'; to++)
        if (*to == '\t' || *to == '\n')
            *to = ' ';
}

void qmon__redis_compose(struct qmon__redis_question *question, const struct qmon_decision_request *request) {
    const char **next = question->arguments;
    uint64_t kept_ms = times(request->window_s, 2000);
    uint64_t nonce = 0;

    if (getrandom(&nonce, sizeof nonce, GRND_NONBLOCK) != sizeof nonce)
        nonce = qmon_monotonic_ms() ^ (uint64_t) (uintptr_t) question;
    snprintf(question->nonce, sizeof question->nonce, "%016" PRIx64, nonce);
    qmon__redis_problem_key(request->key, question->key);
    put(question, WINDOW, times(request->window_s, 1000));
    put(question, LIMIT, request->limit);
    put(question, COUNT, request->count > 0 ? request->count : 1);
    put(question, TO_LIVE, kept_ms > KEPT_MS ? kept_ms : KEPT_MS);
    put_known(question, request);
    *next++ = "EVALSHA";
    *next++ = QMON__SCRIPT_SHA1;
    *next++ = "1";
    *next++ = question->key;
    for (int i = WINDOW; i <= FIRST; i++) {
        if (i == TO_LIVE)
            *next++ = question->nonce;
        *next++ = question->numbers[i];
    }
    put_word(question->host, sizeof question->host, request->host);
    put_word(question->version, sizeof question->version, request->version);
    *next++ = question->host;
    *next++ = question->version;
    memcpy(question->whole, question->arguments, sizeof question->whole);
    question->whole[0] = "EVAL";
    question->whole[1] = qmon__script;
    question->command = (struct qmon__redis_command){.key = question->key,
                                                     .count = QMON__QUESTION_ARGUMENTS,
                                                     .arguments = question->arguments,
                                                     .whole = question->whole};
}
