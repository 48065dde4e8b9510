#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "slack_answer.h"

static struct qmon_delivery delivery;

static bool judge(enum qmon__slack_mode mode, long status, const char *body) {
    struct qmon__http_response response = {.status = status, .body = strdup(body), .body_bytes = strlen(body)};
    bool malformed = qmon__slack_judge(mode, &response, "https://slack.example/api/T0KEN", &delivery);

    cr_assert_null(strstr(delivery.reason, "T0KEN"));
    cr_assert_eq(delivery.verdict == QMON_DELIVERY_SENT, delivery.reason[0] == '\0', "%s: %s", body, delivery.reason);
    qmon__http_clear(&response);
    return malformed;
}

Test(slack_answer, ok_is_sent_and_gives_the_messages_id, .timeout = 10) {
    cr_assert_not(judge(QMON__SLACK_BOT, 200, "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"17.01\"}"));
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_SENT);
    cr_assert_str_eq(delivery.remote_id, "C1/17.01");
    judge(QMON__SLACK_BOT, 200, "{\"ok\":true,\"channel\":\"<!c>\",\"ts\":\"17.01\"}");
    cr_assert_str_eq(delivery.remote_id, "");
    judge(QMON__SLACK_WEBHOOK, 200, "ok\n");
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_SENT);
    judge(QMON__SLACK_WEBHOOK, 200, "{\"ok\":true}");
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_SENT);
}

Test(slack_answer, each_refusal_is_transient_malformed_or_a_matter_of_settings, .timeout = 10) {
    static const struct {
        const char *code;
        bool malformed, settings;
    } cases[] = {
        {"ratelimited", false, false},
        {"internal_error", false, false},
        {"service_unavailable", false, false},
        {"fatal_error", false, false},
        {"request_timeout", false, false},
        {"team_added_to_org", false, false},
        {"invalid_blocks", true, false},
        {"msg_too_long", true, false},
        {"no_text", true, false},
        {"invalid_auth", false, true},
        {"not_in_channel", false, true},
        {"channel_not_found", false, true},
        {"token_revoked", false, true},
        {"is_archived", false, true},
        {"missing_scope", false, true},
        {"not_allowed_token_type", false, true},
        {"never_heard_of_it", false, true},
    };
    char body[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(body, sizeof body, "{\"ok\":false,\"error\":\"%s\"}", cases[i].code);
        cr_assert_eq(judge(QMON__SLACK_BOT, 200, body), cases[i].malformed, "%s", cases[i].code);
        cr_assert_eq(delivery.misconfigured, cases[i].settings, "%s", cases[i].code);
        cr_assert_eq(delivery.sink_down, !cases[i].malformed, "%s", cases[i].code);
        cr_assert_eq(delivery.verdict, cases[i].malformed ? QMON_DELIVERY_REJECTED : QMON_DELIVERY_RETRY);
        cr_assert_eq(strncmp(delivery.reason, cases[i].code, strlen(cases[i].code)), 0, "%s", delivery.reason);
        cr_assert_eq(delivery.reason[strlen(cases[i].code)], ':');
    }
}

Test(slack_answer, webhooks_answer_with_words, .timeout = 10) {
    cr_assert(judge(QMON__SLACK_WEBHOOK, 400, "invalid_payload"));
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_REJECTED);
    cr_assert_not(judge(QMON__SLACK_WEBHOOK, 404, "no_service"));
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY);
    cr_assert(delivery.misconfigured);
    cr_assert_str_eq(delivery.reason, "no_service: the webhook was removed or switched off (SLACK_WEBHOOK_URL)");
    cr_assert_not(judge(QMON__SLACK_WEBHOOK, 500, "rollup_error"));
    cr_assert_not(delivery.misconfigured);
    cr_assert_not(judge(QMON__SLACK_WEBHOOK, 502, "error"));
    cr_assert_not(delivery.misconfigured);
    cr_assert_str_eq(delivery.reason, "http-502: slack.example has a problem of its own");
    cr_assert(judge(QMON__SLACK_WEBHOOK, 400, "<html>what?</html>"));
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_REJECTED);
}

Test(slack_answer, what_is_not_slack_is_not_believed, .timeout = 10) {
    static const char *const bodies[] = {"",
                                         "ok",
                                         "<html>Welcome to this hotel</html>",
                                         "[true]",
                                         "{\"ok\":\"true\"}",
                                         "{\"ok\":1}",
                                         "true",
                                         "{\"ok\":tru",
                                         "{}",
                                         "{\"ok\":null}"};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        cr_assert_not(judge(QMON__SLACK_BOT, 200, bodies[i]));
        cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY, "%s", bodies[i]);
        cr_assert_str_eq(delivery.reason, "not-slack: slack.example answered, but not as Slack does");
    }
    judge(QMON__SLACK_WEBHOOK, 200, "<html>ok</html>");
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY);
    judge(QMON__SLACK_WEBHOOK, 500, "ok");
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY);
    judge(QMON__SLACK_BOT, 503, "{\"ok\":true}");
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY);
}

Test(slack_answer, hostile_codes_are_not_shown, .timeout = 10) {
    judge(QMON__SLACK_BOT, 200, "{\"ok\":false,\"error\":\"xoxb-T0KEN <!channel>\"}");
    cr_assert_str_eq(delivery.reason, "slack-error: Slack refused the message and gave no reason");
    judge(QMON__SLACK_BOT, 200, "{\"ok\":false,\"error\":{\"a\":1}}");
    cr_assert_str_eq(delivery.reason, "slack-error: Slack refused the message and gave no reason");
}

Test(slack_answer, statuses_say_who_has_to_act, .timeout = 10) {
    static const struct {
        long status;
        bool settings;
        const char *reason;
    } cases[] = {
        {429, false, "http-429: slack.example wants fewer messages"},
        {500, false, "http-500: slack.example has a problem of its own"},
        {503, false, "http-503: slack.example has a problem of its own"},
        {302, true, "http-302: slack.example redirects, which is not followed: check the address"},
        {403, true, "http-403: slack.example does not accept the token or the sender"},
        {404, true, "http-404: slack.example knows no such address"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_not(judge(QMON__SLACK_BOT, cases[i].status, "<html/>"));
        cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY);
        cr_assert_eq(delivery.misconfigured, cases[i].settings, "%ld", cases[i].status);
        cr_assert_str_eq(delivery.reason, cases[i].reason);
    }
}

Test(slack_answer, an_answer_that_breaks_off_after_ok_still_counts, .timeout = 10) {
    char body[] = "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.2\"}";
    struct qmon__http_response response = {
        .failure = QMON__HTTP_CLOSED, .status = 200, .body = body, .reason = "closed: x"};

    response.body_bytes = strlen(body);
    qmon__slack_judge(QMON__SLACK_BOT, &response, "https://h/", &delivery);
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_SENT);
    response.body_bytes = 10;
    body[10] = '\0';
    qmon__slack_judge(QMON__SLACK_BOT, &response, "https://h/", &delivery);
    cr_assert_eq(delivery.verdict, QMON_DELIVERY_RETRY);
    cr_assert_str_eq(delivery.reason, "closed: x");
}
