#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "sink_case.h"

static struct sink_case it;
static const char *const bot[] = {"SLACK_APP_TOKEN=xoxb-SECRET", "SLACK_ALERTS_CHANNEL=C012AB3CD",
                                  "SLACK_API_URL=@api/", NULL};
static const char *const webhook[] = {"SLACK_WEBHOOK_URL=@services/T/B/SECRET", NULL};

static void begin(const char *const *lines, const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    it.slack.token = "xoxb-SECRET";
    sink_case_configure(&it, lines);
}

static enum qmon_delivery_verdict deliver(void) {
    return sink_case_deliver(&it, "slack", 3000);
}

static bool has_blocks(size_t request) {
    struct json_object *body = json_tokener_parse(http_server_seen(it.server, request)->body);
    bool there = json_object_object_get_ex(body, "blocks", NULL);

    json_object_put(body);
    return there;
}

Test(slack, a_bot_posts_a_message_that_slack_takes, .timeout = 20) {
    begin(bot, "ok");
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(it.delivery.remote_id, "C012AB3CD/1732104241.000100");
    const struct http_seen *seen = http_server_seen(it.server, 0);
    cr_assert_str_eq(seen->path, "/api/chat.postMessage");
    cr_assert_not_null(strstr(seen->body, "\"channel\":\"C012AB3CD\""));
    char type[64];
    cr_assert(http_seen_header(seen, "Content-Type", type, sizeof type));
    cr_assert_str_eq(type, "application/json; charset=utf-8");
    sink_case_end(&it);
}

Test(slack, a_webhook_does_without_token_and_channel, .timeout = 20) {
    char bearer[64];

    begin(webhook, "ok");
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    const struct http_seen *seen = http_server_seen(it.server, 0);
    cr_assert_str_eq(seen->path, "/services/T/B/SECRET");
    cr_assert_not(http_seen_header(seen, "Authorization", bearer, sizeof bearer));
    cr_assert_null(strstr(seen->body, "\"channel\""));
    sink_case_end(&it);
}

Test(slack, the_bot_wins_where_both_are_configured, .timeout = 20) {
    static const char *const both[] = {"SLACK_APP_TOKEN=xoxb-SECRET", "SLACK_ALERTS_CHANNEL=C012AB3CD",
                                       "SLACK_API_URL=@api", "SLACK_WEBHOOK_URL=@services/T/B/SECRET", NULL};
    begin(both, "ok");
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_eq(http_server_count(it.server), 1);
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/api/chat.postMessage");
    sink_case_end(&it);
}

Test(slack, half_a_configuration_is_none, .timeout = 20) {
    static const char *const token[] = {"SLACK_APP_TOKEN=xoxb-SECRET", NULL}, *const channel[] = {
                                                                                  "SLACK_ALERTS_CHANNEL=C1", NULL};
    char reason[256];

    begin(token, "ok");
    cr_assert_not(qmon_sink_by_name("slack")->configured(it.config));
    cr_assert_not(sink_case_check(&it, "slack", reason, sizeof reason));
    cr_assert_str_eq(reason, "SLACK_APP_TOKEN is set, but SLACK_ALERTS_CHANNEL is not: no alert can be sent");
    sink_case_end(&it);
    begin(channel, "ok");
    cr_assert_not(sink_case_check(&it, "slack", reason, sizeof reason));
    cr_assert_str_eq(reason, "SLACK_ALERTS_CHANNEL is set, but SLACK_APP_TOKEN is not: no alert can be sent");
    sink_case_end(&it);
}

Test(slack, a_hostile_event_is_taken_too, .timeout = 20) {
    begin(bot, "ok");
    sample_hostile(&it.sample);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    sink_case_end(&it);
    begin(webhook, "ok");
    sample_hostile(&it.sample);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    sink_case_end(&it);
}

Test(slack, listens_to_retry_after, .timeout = 20) {
    begin(bot, "429:30");
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(it.delivery.retry_after_ms, 30000);
    cr_assert_not(it.delivery.misconfigured);
    cr_assert(it.delivery.sink_down);
    sink_case_end(&it);
}

Test(slack, keeps_the_message_for_later_when_the_other_side_fails, .timeout = 60) {
    static const struct {
        const char *script, *class;
        bool misconfigured;
    } cases[] = {
        {"500", "http-500:", false},
        {"503", "http-503:", false},
        {"hang", "timeout:", false},
        {"drip", "timeout:", false},
        {"close", "closed:", false},
        {"reset", "closed:", false},
        {"garbage", "protocol:", true},
        {"huge", "not-slack:", true},
        {"text:<html>login</html>", "not-slack:", true},
        {"302", "http-302:", true},
        {"error:ratelimited", "ratelimited:", false},
        {"error:internal_error", "internal_error:", false},
        {"error:invalid_auth", "invalid_auth:", true},
        {"error:not_in_channel", "not_in_channel:", true},
        {"error:channel_not_found", "channel_not_found:", true},
        {"error:token_revoked", "token_revoked:", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(bot, cases[i].script);
        cr_assert_eq(sink_case_deliver(&it, "slack", 400), QMON_DELIVERY_RETRY, "%s", cases[i].script);
        cr_assert_eq(strncmp(it.delivery.reason, cases[i].class, strlen(cases[i].class)), 0, "%s: %s", cases[i].script,
                     it.delivery.reason);
        cr_assert_eq(it.delivery.misconfigured, cases[i].misconfigured, "%s", cases[i].script);
        cr_assert_lt(it.took_ms, 1600, "%s took %lu ms", cases[i].script, it.took_ms);
        cr_assert_eq(http_server_count(it.server), 1, "%s", cases[i].script);
        sink_case_end(&it);
    }
}

Test(slack, half_an_answer_is_none, .timeout = 20) {
    begin(bot, "ok");
    http_server_script(it.server, &(struct http_reply){.manner = HTTP_CUT, .body = "{\"ok\":tru"}, 1);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "closed: ", 8), 0, "%s", it.delivery.reason);
    sink_case_end(&it);
}

Test(slack, tries_plain_text_when_the_blocks_are_refused, .timeout = 20) {
    begin(bot, "error:invalid_blocks");
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_eq(http_server_count(it.server), 2);
    cr_assert(has_blocks(0));
    cr_assert_not(has_blocks(1));
    sink_case_end(&it);
}

Test(slack, sets_a_message_aside_that_is_refused_as_plain_text_too, .timeout = 20) {
    begin(bot, "error:invalid_blocks,error:msg_too_long");
    cr_assert_eq(deliver(), QMON_DELIVERY_REJECTED);
    cr_assert_str_eq(it.delivery.reason, "msg_too_long: the message is too long");
    cr_assert_eq(http_server_count(it.server), 2);
    sink_case_end(&it);
    begin(webhook, "text:no_text,400");
    http_server_script(
        it.server,
        (struct http_reply[]){{.status = 400, .body = "invalid_blocks"}, {.status = 400, .body = "invalid_payload"}},
        2);
    cr_assert_eq(deliver(), QMON_DELIVERY_REJECTED);
    sink_case_end(&it);
}

Test(slack, remembers_that_only_plain_text_will_do, .timeout = 20) {
    begin(bot, "error:invalid_blocks,500,ok");
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_str_eq(it.delivery.state, "plain");
    it.state_in = "plain";
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_not(has_blocks(2));
    sink_case_end(&it);
}

Test(slack, both_attempts_share_one_time_out, .timeout = 20) {
    begin(bot, "ok");
    http_server_script(it.server,
                       (struct http_reply[]){{.body = "{\"ok\":false,\"error\":\"invalid_blocks\"}", .delay_ms = 250},
                                             {.manner = HTTP_HANG}},
                       2);
    cr_assert_eq(sink_case_deliver(&it, "slack", 500), QMON_DELIVERY_RETRY);
    cr_assert(it.took_ms >= 480 && it.took_ms < 1800, "%lu ms", it.took_ms);
    sink_case_end(&it);
}

Test(slack, says_that_the_webhook_is_gone, .timeout = 20) {
    begin(webhook, "ok");
    http_server_script(it.server, &(struct http_reply){.status = 404, .body = "no_service"}, 1);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_str_eq(it.delivery.reason, "no_service: the webhook was removed or switched off (SLACK_WEBHOOK_URL)");
    sink_case_end(&it);
}

Test(slack, a_bad_certificate_keeps_the_token_at_home, .timeout = 20) {
    sink_case_begin(&it, HTTP_TLS_GOOD, "ok");
    sink_case_configure(&it, bot);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "tls: ", 5), 0, "%s", it.delivery.reason);
    cr_assert(it.delivery.misconfigured);
    cr_assert_eq(http_server_count(it.server), 0);
    setenv("CURL_CA_BUNDLE", http_server_ca(it.server), 1);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    sink_case_end(&it);
}

Test(slack, different_channels_are_different_destinations, .timeout = 20) {
    uint64_t (*destination)(const struct qmon_config *) = qmon_sink_by_name("slack")->destination;
    static const char *const other[] = {"SLACK_APP_TOKEN=xoxb-OTHER", "SLACK_ALERTS_CHANNEL=C9", "SLACK_API_URL=@api/",
                                        NULL};
    static const char *const rotated[] = {"SLACK_APP_TOKEN=xoxb-NEW", "SLACK_ALERTS_CHANNEL=C012AB3CD",
                                          "SLACK_API_URL=@api/", NULL};

    begin(bot, "ok");
    uint64_t first = destination(it.config);
    qmon_config_free(it.config);
    sink_case_configure(&it, other);
    cr_assert_neq(destination(it.config), first);
    qmon_config_free(it.config);
    sink_case_configure(&it, rotated);
    cr_assert_eq(destination(it.config), first);
    qmon_config_free(it.config);
    sink_case_configure(&it, webhook);
    cr_assert_neq(destination(it.config), first);
    sink_case_end(&it);
}

Test(slack_check, says_who_the_bot_is_and_where_it_may_post, .timeout = 20) {
    static const struct {
        struct slack_mock slack;
        const char *script, *reason;
        bool fine;
    } cases[] = {
        {{.token = NULL}, "ok", "Slack knows the token: bot qmon of Example, member of #alerts", true},
        {{.token = "xoxb-OTHER"}, "ok", "invalid_auth: Slack does not accept the token (SLACK_APP_TOKEN)", false},
        {{.not_a_member = true},
         "ok",
         "Slack knows the token: bot qmon of Example, but not a member of the channel, invite it to #alerts",
         false},
        {{.archived = true},
         "ok",
         "Slack knows the token: bot qmon of Example, but the channel is archived: #alerts",
         false},
        {{.no_scope_to_look = true},
         "ok",
         "Slack knows the token: bot qmon of Example; without the scope channels:read it cannot be seen if it may post to "
         "C012AB3CD",
         true},
        {{.token = NULL},
         "ok,error:channel_not_found",
         "Slack knows the token: bot qmon of Example, but not the channel: channel_not_found: no such channel, or the bot "
         "cannot see it (SLACK_ALERTS_CHANNEL)",
         false},
    };
    char reason[256];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(bot, cases[i].script);
        it.slack = cases[i].slack;
        cr_assert_eq(sink_case_check(&it, "slack", reason, sizeof reason), cases[i].fine, "%s", reason);
        cr_assert_str_eq(reason, cases[i].reason);
        for (size_t k = 0; k < http_server_count(it.server); k++)
            cr_assert_null(strstr(http_server_seen(it.server, k)->path, "postMessage"));
        sink_case_end(&it);
    }
}

Test(slack_check, a_webhook_is_tried_with_a_message_that_it_refuses, .timeout = 20) {
    char reason[256];

    begin(webhook, "ok");
    cr_assert(sink_case_check(&it, "slack", reason, sizeof reason), "%s", reason);
    cr_assert_not_null(strstr(reason, " is there"));
    cr_assert_str_eq(http_server_seen(it.server, 0)->body, "{}");
    http_server_script(it.server, &(struct http_reply){.status = 404, .body = "no_service"}, 1);
    cr_assert_not(sink_case_check(&it, "slack", reason, sizeof reason));
    cr_assert_str_eq(reason, "no_service: the webhook was removed or switched off (SLACK_WEBHOOK_URL)");
    sink_case_end(&it);
}
