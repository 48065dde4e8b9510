/*
 * Hosts that share a Redis share the thread of a problem: what one host told first is followed by the others' alerts. Another
 * host is one whose store knows nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"
#include "outbox_case.h"
#include "redis_server.h"

static struct redis_server redis;
static char redis_line[96];

static void setup(void) {
    outbox_setup();
    if (!redis_server_start(&redis, NULL))
        cr_skip_test("no redis-server");
    snprintf(redis_line, sizeof redis_line, "REDIS_URL=%s", redis.url);
    box.sinks.slack = (struct slack_mock){.now = true};
    outbox_begin("ok", (const char *const[]){outbox_slack[0], outbox_slack[1], outbox_slack[2], redis_line, NULL});
}

static void teardown(void) {
    outbox_teardown();
    redis_server_stop(&redis);
}

TestSuite(delivery_fleet, .init = setup, .fini = teardown, .timeout = 30);

/* total: what the fleet has counted. */
static void send_one(const char *source, unsigned total) {
    char statement[300];

    const char *id = outbox_save(1, "slack", NULL);
    snprintf(statement, sizeof statement,
             "UPDATE events SET json = json_set(json, '$.occurrences', json('{\"suppressed\":0,\"source\":\"%s\","
             "\"fleet\":{\"total\":%u,\"hosts\":2}}')) WHERE id = '%s'",
             source, total, id);
    outbox_alter(statement);
    cr_assert_eq(outbox_deliver(5000), 1, "%s", box.summary.last_problem);
}

static void be_another_host(void) {
    outbox_alter("DELETE FROM outbox; DELETE FROM events");
}

static struct json_object *body_of(size_t number, const char *method) {
    const struct http_seen *seen = http_server_seen(box.sinks.server, number);
    char path[64];

    cr_assert_not_null(seen, "there is no request %zu", number);
    snprintf(path, sizeof path, "/api/%s", method);
    cr_assert_str_eq(seen->path, path, "request %zu", number);
    return json_tokener_parse(seen->body);
}

Test(delivery_fleet, another_hosts_alert_goes_to_the_first_ones_thread_and_counts_there) {
    send_one("redis", 1);
    be_another_host();
    send_one("redis", 57);
    struct json_object *update = body_of(1, "chat.update"), *reply = body_of(2, "chat.postMessage");
    cr_expect_eq(http_server_count(box.sinks.server), 3);
    cr_expect_str_eq(strchr(channel_text(reply, "thread_ts"), '.'), ".000100");
    cr_expect_str_eq(strchr(channel_text(update, "ts"), '.'), ".000100");
    cr_expect_not_null(strstr(json_object_to_json_string(update), "*57 times* by now"));
    cr_expect_not_null(strstr(channel_text(update, "text"), "problem 1"));
    json_object_put(update);
    json_object_put(reply);
}

Test(delivery_fleet, a_host_that_redis_did_not_decide_for_is_on_its_own) {
    send_one("redis", 1);
    be_another_host();
    send_one("local", 1);
    struct json_object *second = body_of(1, "chat.postMessage");
    cr_expect_null(channel_at(second, "thread_ts"));
    json_object_put(second);
}

Test(delivery_fleet, a_redis_that_has_gone_costs_the_thread_and_not_the_alert) {
    send_one("redis", 1);
    be_another_host();
    redis_server_kill(&redis);
    send_one("redis", 2);
    struct json_object *second = body_of(1, "chat.postMessage");
    cr_expect_null(channel_at(second, "thread_ts"));
    json_object_put(second);
}

Test(delivery_fleet, what_another_client_wrote_there_is_not_believed) {
    static const char *const values[] = {"",
                                         "\n",
                                         "nonsense",
                                         "C012AB3CD/",
                                         "C012AB3CD/1.2/3/4\n{",
                                         "a/b\n{}",
                                         "/1\n[]",
                                         "C012AB3CD/99999999999999999999999999999999999999999999999999.1\n"};
    char *key;

    send_one("redis", 1);
    key = redis_server_ask(&redis, "EVAL %s 0", "return redis.call('KEYS', 'qmon:value:first:*')[1]");
    cr_assert(strncmp(key, "qmon:value:first:slack:", 23) == 0, "%s", key);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        be_another_host();
        free(redis_server_ask(&redis, "SET %s %s", key, values[i]));
        send_one("redis", 2);
    }
    free(key);
}
