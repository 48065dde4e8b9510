/* What Redis, or something else, answers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis_reply.h"

static struct qmon__reply_reader *reader;
static struct qmon__reply *reply;

static void setup(void) {
    reader = qmon__reply_reader_new();
}

static void teardown(void) {
    qmon__reply_free(reply);
    qmon__reply_reader_free(reader);
}

TestSuite(redis_reply, .init = setup, .fini = teardown, .timeout = 10);

static int read_reply(const char *text) {
    int r = qmon__reply_feed(reader, text, strlen(text));

    qmon__reply_free(reply);
    reply = NULL;
    return r < 0 ? r : qmon__reply_next(reader, &reply);
}

Test(redis_reply, reads_each_type) {
    cr_assert_eq(read_reply("+OK\r\n"), 1);
    cr_expect_eq(reply->type, QMON__REPLY_TEXT);
    cr_expect_str_eq(reply->text, "OK");
    cr_assert_eq(read_reply("-ERR no\r\n"), 1);
    cr_expect_eq(reply->type, QMON__REPLY_ERROR);
    cr_expect_str_eq(reply->text, "ERR no");
    cr_assert_eq(read_reply(":-42\r\n"), 1);
    cr_expect_eq(reply->integer, -42);
    cr_assert_eq(read_reply("$3\r\nabc\r\n"), 1);
    cr_expect_str_eq(reply->text, "abc");
    cr_assert_eq(read_reply("$-1\r\n"), 1);
    cr_expect_eq(reply->type, QMON__REPLY_NIL);
    cr_assert_eq(read_reply("*2\r\n:1\r\n*1\r\n+x\r\n"), 1);
    cr_expect_eq(reply->count, 2);
    cr_expect_eq(reply->items[0]->integer, 1);
    cr_expect_str_eq(reply->items[1]->items[0]->text, "x");
    cr_expect_not(qmon__reply_is_pending(reader));
}

Test(redis_reply, waits_for_what_is_missing_and_knows_what_is_left) {
    cr_expect_eq(read_reply("*2\r\n:1\r"), 0);
    cr_expect(qmon__reply_is_pending(reader));
    cr_expect_eq(read_reply("\n:2\r\n+left"), 1);
    cr_expect(qmon__reply_is_pending(reader));
    cr_expect_eq(read_reply(" over\r\n"), 1);
    cr_expect_str_eq(reply->text, "left over");
    cr_expect_not(qmon__reply_is_pending(reader));
}

Test(redis_reply, keeps_the_beginning_of_a_long_text) {
    char text[1100];

    memset(text, 'x', sizeof text);
    memcpy(text, "$1000\r\n", 7);
    strcpy(text + 1007, "\r\n");
    cr_assert_eq(read_reply(text), 1);
    cr_expect_eq(strlen(reply->text), QMON__REPLY_TEXT_BYTES - 1);
}

static void expect_refusal(const char *text) {
    teardown();
    reply = NULL;
    setup();
    cr_expect_eq(read_reply(text), -EBADMSG, "%s", text);
}

Test(redis_reply, refuses_rubbish) {
    expect_refusal("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect_refusal("\x16\x03\x01\r\n");
    expect_refusal("*17\r\n:1\r\n");
    expect_refusal("*2147483647\r\n");
    expect_refusal("*99999999999999999999\r\n");
    expect_refusal("$-2\r\n");
    expect_refusal("$99999999999999999999\r\n");
    expect_refusal(":\r\n");
    expect_refusal("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n");
}

Test(redis_reply, refuses_what_is_too_large_before_it_is_there) {
    static char part[4096];
    size_t fed = 0;

    memset(part, 'x', sizeof part);
    cr_assert_eq(read_reply("$100000000\r\n"), 0);
    while (qmon__reply_feed(reader, part, sizeof part) == 0 && qmon__reply_next(reader, &reply) == 0)
        fed += sizeof part;
    cr_expect_leq(fed, QMON__REPLY_BYTES_MAX);
    cr_expect_null(reply);
}

Test(redis_reply, sorts_errors_by_their_first_word) {
    static const struct {
        const char *text;
        int error;
    } cases[] = {
        {"-NOAUTH Authentication required.\r\n", -EACCES},
        {"-NOPERM this user has no permissions\r\n", -EACCES},
        {"-LOADING Redis is loading the dataset in memory\r\n", -EBUSY},
        {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", -ENOBUFS},
        {"-READONLY You can't write against a read only replica.\r\n", -EROFS},
        {"-MOVED 3999 127.0.0.1:6381\r\n", -EREMCHG},
        {"-NOSCRIPT No matching script. Please use EVAL.\r\n", -ENOENT},
        {"-ERR Protocol error: unauthenticated multibulk length\r\n", -EACCES},
        {"-WRONGTYPE Operation against a key\r\n", -EPROTO},
        {"-OOMPH\r\n", -EPROTO},
        {"-\r\n", -EPROTO},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(read_reply(cases[i].text), 1);
        cr_expect_eq(qmon__reply_error(reply), cases[i].error, "%s", cases[i].text);
    }
}

static const struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = 1000000};

static int decision_of(const char *text, struct qmon_decision *ret_decision) {
    cr_assert_eq(read_reply(text), 1, "%s", text);
    return qmon__reply_decision(reply, &request, ret_decision);
}

Test(redis_reply, makes_a_decision_of_the_scripts_answer) {
    struct qmon_decision decision;

    cr_assert_eq(decision_of("*6\r\n:1\r\n:19\r\n:20\r\n:2\r\n:5000\r\n:70000\r\n", &decision), 0);
    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 19);
    cr_expect_eq(decision.total, 20);
    cr_expect_eq(decision.first_seen_ms, 930000);
    cr_expect_eq(decision.last_seen_ms, 1000000);
    cr_expect_eq(decision.window.start_ms, 995000);
    cr_expect_eq(decision.window.alerts, 2);
    cr_expect_str_eq(decision.source, "redis");
    cr_assert_eq(decision_of("*6\r\n:0\r\n:1\r\n:2\r\n:1\r\n:9999999999\r\n:9999999999\r\n", &decision), 0);
    cr_expect_gt(decision.first_seen_ms, 0, "older than the clock is old, not 0");
}

#define GOOD_SIX ":1\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n"

Test(redis_reply, reads_the_counts_of_the_fleet) {
    struct qmon_decision decision;

    cr_assert_eq(
        decision_of("*9\r\n" GOOD_SIX
                    ":8\r\n:2\r\n*2\r\n*4\r\n+1.1\r\n:5\r\n:900\r\n:0\r\n*4\r\n$3\r\n1.0\r\n:3\r\n:9\r\n:7\r\n",
                    &decision),
        0);
    cr_expect_eq(decision.fleet.occurrences, 8);
    cr_expect_eq(decision.fleet.hosts, 2);
    cr_expect_eq(decision.fleet.version_count, 2);
    cr_expect_str_eq(decision.fleet.versions[0].name, "1.1");
    cr_expect_eq(decision.fleet.versions[0].last_seen_ms - decision.fleet.versions[0].first_seen_ms, 900);
    cr_expect_eq(decision.fleet.versions[1].occurrences, 3);
}

Test(redis_reply, takes_no_other_answer_for_a_decision) {
    static const char *const answers[] = {
        ":1\r\n",
        "+OK\r\n",
        "$-1\r\n",
        "*0\r\n",
        "*-1\r\n",
        "*5\r\n:1\r\n:0\r\n:1\r\n:1\r\n:0\r\n",
        "*7\r\n:1\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n:0\r\n",
        "*6\r\n:2\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n",
        "*6\r\n:1\r\n:0\r\n:0\r\n:1\r\n:0\r\n:0\r\n",
        "*6\r\n:1\r\n:-1\r\n:1\r\n:1\r\n:0\r\n:0\r\n",
        "*6\r\n:1\r\n$1\r\n0\r\n:1\r\n:1\r\n:0\r\n:0\r\n",
        "*6\r\n:1\r\n$-1\r\n:1\r\n:1\r\n:0\r\n:0\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n:0\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n$-1\r\n",
        "*9\r\n" GOOD_SIX ":-8\r\n:2\r\n*0\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n*1\r\n:1\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n*1\r\n*3\r\n+v\r\n:1\r\n:0\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n*1\r\n*4\r\n:1\r\n:1\r\n:0\r\n:0\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n*1\r\n*4\r\n+v\r\n:1\r\n:-1\r\n:0\r\n",
        "*9\r\n" GOOD_SIX ":8\r\n:2\r\n*9\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct qmon_decision decision = {.total = 77};
        cr_expect_eq(decision_of(answers[i], &decision), -EBADMSG, "answer %zu", i);
        cr_expect_eq(decision.total, 77, "untouched");
    }
}
