#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const lines[] = {"TEAMS_WEBHOOK_URL=@workflows/1/triggers/manual/paths/invoke?sig=SECRET", NULL};

static void begin(const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

/* What an Adaptive Card of version 1.4 may hold, as far as ours uses it: only blocks whose text Teams does not interpret. */
static void check_card(struct json_object *body) {
    static const char *const sizes[] = {"large", "small"};
    struct json_object *card = channel_at(body, "attachments/0/content"), *blocks = channel_at(card, "body");

    cr_assert_leq(strlen(json_object_to_json_string(body)), 28 * 1024);
    cr_assert_str_eq(channel_text(body, "type"), "message");
    cr_assert_str_eq(channel_text(body, "attachments/0/contentType"), "application/vnd.microsoft.card.adaptive");
    cr_assert_str_eq(channel_text(card, "type"), "AdaptiveCard");
    cr_assert_gt(json_object_array_length(blocks), 2);
    for (size_t i = 0; i < json_object_array_length(blocks); i++) {
        struct json_object *block = json_object_array_get_idx(blocks, i), *runs = channel_at(block, "inlines");
        cr_assert_str_eq(channel_text(block, "type"), "RichTextBlock");
        cr_assert_gt(json_object_array_length(runs), 0);
        for (size_t j = 0; j < json_object_array_length(runs); j++) {
            struct json_object *run = json_object_array_get_idx(runs, j), *size = channel_at(run, "size");
            cr_assert_str_eq(channel_text(run, "type"), "TextRun");
            cr_assert_null(strchr(channel_text(run, "text"), '\n'));
            cr_assert(!size || strcmp(json_object_get_string(size), sizes[0]) == 0 ||
                      strcmp(json_object_get_string(size), sizes[1]) == 0);
        }
    }
}

Test(teams, sends_a_card_that_says_what_and_where, .timeout = 30) {
    begin("202");
    cr_assert_eq(sink_case_deliver(&it, "teams", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    check_card(body);
    const char *title = channel_text(body, "attachments/0/content/body/0/inlines/0/text");
    cr_assert_eq(strncmp(title, "SIGSEGV in parse_header (http.c:212) \xe2\x80\x94 checkout", 45), 0, "%s", title);
    cr_assert_str_eq(channel_text(body, "attachments/0/content/body/0/inlines/0/color"), "attention");
    const char *all = json_object_to_json_string(body);
    cr_assert_not_null(strstr(all, "null pointer"));
    cr_assert_not_null(strstr(all, "monospace"));
    cr_assert_not_null(strstr(all, it.sample.event.id), "the correlation id is missing");
    json_object_put(body);
    sink_case_end(&it);
}

Test(teams, keeps_to_the_limits_with_hostile_text, .timeout = 30) {
    begin("202");
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "teams", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    check_card(body);
    json_object_put(body);
    sink_case_end(&it);
}

Test(teams, answers_decide, .timeout = 60) {
    static const struct channel_status statuses[] = {{"202", QMON_DELIVERY_SENT, false},
                                                     {"200", QMON_DELIVERY_SENT, false}};

    channel_judges(&it, "teams", lines, statuses, 2);
}

Test(teams, a_connector_that_says_no_with_200_is_not_believed, .timeout = 30) {
    begin("text:Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429,"
          "text:Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413,text:1");
    cr_assert_eq(sink_case_deliver(&it, "teams", 5000), QMON_DELIVERY_RETRY);
    cr_assert_not(it.delivery.misconfigured);
    cr_assert_eq(sink_case_deliver(&it, "teams", 5000), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_eq(sink_case_deliver(&it, "teams", 5000), QMON_DELIVERY_SENT);
    sink_case_end(&it);
}

Test(teams, a_check_sends_nothing, .timeout = 30) {
    char reason[256];

    begin("405,401");
    cr_assert(sink_case_check(&it, "teams", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->method, "OPTIONS");
    cr_assert_str_eq(http_server_seen(it.server, 0)->body, "");
    cr_assert_not(sink_case_check(&it, "teams", reason, sizeof reason));
    cr_assert_eq(strncmp(reason, "http-401: ", 10), 0, "%s", reason);
    sink_case_end(&it);
}
