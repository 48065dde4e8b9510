/*
 * Repeats in Slack, through the outbox: 1. The second alert of a problem goes to the thread of the first, whose count is brought
 * up to date. 2. Other problems, starts, webhooks and what is older than a day have no thread. 3. A thread that is gone keeps
 * no alert from going out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"
#include "outbox_case.h"

TestSuite(slack_thread, .init = outbox_setup, .fini = outbox_teardown, .timeout = 30);

static void begin(const char *const *lines) {
    box.sinks.slack = (struct slack_mock){.now = true};
    outbox_begin("ok", lines);
}

static struct json_object *body_of(size_t number) {
    const struct http_seen *seen = http_server_seen(box.sinks.server, number);

    cr_assert_not_null(seen, "there is no request %zu", number);
    return json_tokener_parse(seen->body);
}

static void expect_request(size_t number, const char *method, const char *thread_digits) {
    struct json_object *body = body_of(number), *thread = channel_at(body, "thread_ts");
    char path[64];

    snprintf(path, sizeof path, "/api/%s", method);
    cr_expect_str_eq(http_server_seen(box.sinks.server, number)->path, path, "request %zu", number);
    cr_expect_eq(thread != NULL, thread_digits != NULL, "request %zu", number);
    if (thread && thread_digits)
        cr_expect_str_eq(strchr(json_object_get_string(thread), '.'), thread_digits);
    json_object_put(body);
}

static void send_one(unsigned problem, uint64_t suppressed) {
    char statement[200];

    const char *id = outbox_save(problem, "slack", NULL);
    snprintf(statement, sizeof statement,
             "UPDATE events SET json = json_set(json, '$.occurrences', json('{\"suppressed\":%lu}')) WHERE id = '%s'",
             suppressed, id);
    outbox_alter(statement);
    cr_assert_eq(outbox_deliver(5000), 1, "%s", box.summary.last_problem);
}

Test(slack_thread, repeats_go_to_the_thread_of_the_first_whose_count_is_kept) {
    begin(outbox_slack);
    send_one(1, 0);
    send_one(1, 40);
    send_one(1, 0);
    cr_assert_eq(http_server_count(box.sinks.server), 5);
    expect_request(0, "chat.postMessage", NULL);
    expect_request(1, "chat.update", NULL);
    expect_request(2, "chat.postMessage", ".000100");
    expect_request(3, "chat.update", NULL);
    expect_request(4, "chat.postMessage", ".000100");
    for (size_t i = 0; i < 2; i++) {
        struct json_object *body = body_of(i == 0 ? 1 : 3);
        cr_expect_str_eq(channel_text(body, "channel"), "C012AB3CD");
        cr_expect_str_eq(strchr(channel_text(body, "ts"), '.'), ".000100");
        const char *all = json_object_to_json_string(body);
        cr_expect_not_null(strstr(all, i == 0 ? "*42 times* by now" : "*43 times* by now"), "%s", all);
        cr_expect_not_null(strstr(channel_text(body, "text"), "problem 1"));
        json_object_put(body);
    }
}

Test(slack_thread, other_problems_have_threads_of_their_own) {
    begin(outbox_slack);
    send_one(1, 0);
    send_one(2, 0);
    send_one(1, 0);
    send_one(2, 0);
    expect_request(0, "chat.postMessage", NULL);
    expect_request(1, "chat.postMessage", NULL);
    expect_request(3, "chat.postMessage", ".000100");
    expect_request(5, "chat.postMessage", ".000101");
}

Test(slack_thread, after_a_day_a_problem_is_worth_a_message_of_its_own) {
    begin(outbox_slack);
    send_one(1, 0);
    outbox_alter("UPDATE outbox SET done_ms = done_ms - 86500000, "
                 "remote_id = 'C012AB3CD/' || (strftime('%s', 'now') - 86500) || '.000100'");
    send_one(1, 0);
    expect_request(1, "chat.postMessage", NULL);
    cr_assert_eq(http_server_count(box.sinks.server), 2);
    /* a reply of an hour ago to a first message of yesterday */
    outbox_alter("UPDATE outbox SET remote_id = 'C012AB3CD/' || strftime('%s', 'now') || '.000101/' || "
                 "(strftime('%s', 'now') - 86500) || '.000100'");
    send_one(1, 0);
    expect_request(2, "chat.postMessage", NULL);
}

Test(slack_thread, a_thread_that_is_gone_keeps_no_alert) {
    begin(outbox_slack);
    send_one(1, 0);
    box.sinks.slack.messages_gone = true;
    send_one(1, 0);
    expect_request(1, "chat.update", NULL);
    expect_request(2, "chat.postMessage", NULL);
    cr_assert_eq(http_server_count(box.sinks.server), 3);
    /* where the first event is not known any more there is no update, and the reply is refused */
    outbox_alter("DELETE FROM events WHERE row < (SELECT max(row) FROM events)");
    outbox_alter("UPDATE outbox SET remote_id = 'C012AB3CD/' || strftime('%s', 'now') || '.000777/' || "
                 "strftime('%s', 'now') || '.000700'");
    send_one(1, 0);
    expect_request(3, "chat.postMessage", ".000700");
    expect_request(4, "chat.postMessage", NULL);
}

Test(slack_thread, another_channel_has_no_part_in_it) {
    static const char *const other[] = {"SLACK_APP_TOKEN=xoxb-SECRET", "SLACK_ALERTS_CHANNEL=C999ZZ9ZZ",
                                        "SLACK_API_URL=@api/", NULL};

    begin(outbox_slack);
    send_one(1, 0);
    qmon_config_free(box.sinks.config);
    sink_case_configure(&box.sinks, other);
    send_one(1, 0);
    expect_request(1, "chat.postMessage", NULL);
    cr_assert_eq(http_server_count(box.sinks.server), 2);
}

Test(slack_thread, a_webhook_knows_no_threads) {
    static const char *const webhook[] = {"SLACK_WEBHOOK_URL=@services/T0/B0/SECRET", NULL};

    begin(webhook);
    send_one(1, 0);
    send_one(1, 0);
    cr_assert_eq(http_server_count(box.sinks.server), 2);
    cr_assert_null(strstr(http_server_seen(box.sinks.server, 1)->body, "thread_ts"));
}

Test(slack_thread, an_update_that_fails_does_not_hold_the_reply_up) {
    begin(outbox_slack);
    send_one(1, 0);
    http_server_script_words(box.sinks.server, "hang");
    uint64_t begin_ms = outbox_monotonic_ms();
    outbox_save(1, "slack", NULL);
    cr_assert_eq(outbox_deliver(3000), 1, "%s", box.summary.last_problem);
    cr_assert_lt(outbox_monotonic_ms() - begin_ms, 2500);
    expect_request(1, "chat.update", NULL);
    expect_request(2, "chat.postMessage", ".000100");
}

Test(slack_thread, that_a_problem_is_over_stands_in_its_thread) {
    const char *const sinks[] = {"slack"};
    struct qmon_event *event = qmon_event_new(outbox_real_ms() * 1000000);

    begin(outbox_slack);
    send_one(1, 0);
    event->kind = QMON_KIND_LIFECYCLE;
    event->lifecycle.phase = "resolved";
    event->lifecycle.problem = "00000000000000000000000000000001";
    event->title = "resolved";
    strcpy(event->fingerprint, "ffffffffffffffffffffffffffffffff");
    cr_assert_eq(qmon_store_save(box.store, event, "alerted", sinks, 1), 0);
    qmon_event_free(event);
    cr_assert_eq(outbox_deliver(5000), 1, "%s", box.summary.last_problem);
    expect_request(1, "chat.postMessage", ".000100");
    cr_assert_eq(http_server_count(box.sinks.server), 2);
}
