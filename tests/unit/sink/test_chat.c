#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const mattermost[] = {"MATTERMOST_WEBHOOK_URL=@hooks/SECRET", NULL};
static const char *const rocketchat[] = {"ROCKETCHAT_WEBHOOK_URL=@hooks/1/SECRET", NULL};

static void begin(const char *script, const char *const *lines) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

/* Outside of code there is nothing but our own words. */
static void check_code(const char *text) {
    bool code = false;

    for (; *text; text++) {
        if (*text == '`')
            code = !code; /* three in a row are as one */
        else if (!code)
            cr_assert_null(strchr("@<>[]*_~#!|", *text), "outside of code: %s", text);
    }
    cr_assert_not(code, "code that does not end");
}

static void check_message(struct json_object *body) {
    struct json_object *attachment = channel_at(body, "attachments/0"), *fields = channel_at(attachment, "fields");

    cr_assert_leq(strlen(json_object_to_json_string(body)), 16383);
    cr_assert_leq(strlen(channel_text(body, "text")) + strlen(channel_text(attachment, "text")), 9000);
    check_code(channel_text(body, "text"));
    check_code(channel_text(attachment, "text"));
    for (size_t i = 0; i < json_object_array_length(fields); i++)
        check_code(channel_text(json_object_array_get_idx(fields, i), "value"));
}

Test(chat, both_get_a_text_and_an_attachment, .timeout = 30) {
    static const char *const *const settings[] = {mattermost, rocketchat};
    static const char *const names[] = {"mattermost", "rocketchat"};

    for (size_t i = 0; i < 2; i++) {
        begin("ok", settings[i]);
        cr_assert_eq(sink_case_deliver(&it, names[i], 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
        struct json_object *body = channel_body(&it);
        check_message(body);
        cr_assert_not_null(strstr(channel_text(body, "text"), "`SIGSEGV in parse_header (http.c:212)"));
        cr_assert_str_eq(channel_text(body, "attachments/0/fields/0/title"), "Where");
        cr_assert_not_null(strstr(channel_text(body, "attachments/0/text"), "parse_header"));
        cr_assert_not_null(strstr(json_object_to_json_string(body), it.sample.event.id), "no correlation id");
        json_object_put(body);
        sink_case_end(&it);
    }
}

Test(chat, lets_no_markup_and_no_mention_out_of_hostile_text, .timeout = 30) {
    begin("ok", mattermost);
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "mattermost", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    check_message(body);
    json_object_put(body);
    sink_case_end(&it);
}

Test(chat, answers_decide, .timeout = 90) {
    static const struct channel_status statuses[] = {{"200", QMON_DELIVERY_SENT, false}};

    channel_judges(&it, "mattermost", mattermost, statuses, 1);
    channel_judges(&it, "rocketchat", rocketchat, statuses, 1);
}

Test(chat, a_no_with_200_is_not_believed, .timeout = 30) {
    begin("text:{\"success\":false},text:{\"success\":true}", rocketchat);
    cr_assert_eq(sink_case_deliver(&it, "rocketchat", 5000), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_eq(sink_case_deliver(&it, "rocketchat", 5000), QMON_DELIVERY_SENT);
    sink_case_end(&it);
}

Test(chat, a_check_sends_nothing, .timeout = 30) {
    char reason[256];

    begin("404,503", mattermost);
    cr_assert(sink_case_check(&it, "mattermost", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->body, "");
    cr_assert_not(sink_case_check(&it, "mattermost", reason, sizeof reason), "%s", reason);
    sink_case_end(&it);
}
