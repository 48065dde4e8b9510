#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const lines[] = {"DISCORD_WEBHOOK_URL=@api/webhooks/17/SECRET", NULL};

static void begin(const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

/* Discord's published limits, in characters; bytes are never fewer. */
static void check_limits(struct json_object *embed) {
    struct json_object *fields = channel_at(embed, "fields");
    size_t total = strlen(channel_text(embed, "title"));

    cr_assert_leq(total, 256);
    cr_assert_leq(strlen(channel_text(embed, "description")), 4096);
    total += strlen(channel_text(embed, "description"));
    cr_assert_leq(json_object_array_length(fields), 25);
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        const char *value = channel_text(field, "value");
        cr_assert(strlen(value) > 2 && strlen(value) <= 1024);
        cr_assert(value[0] == '`' && strchr(value + 1, '`') == value + strlen(value) - 1, "not all code: %s", value);
        total += strlen(value) + strlen(channel_text(field, "name"));
    }
    cr_assert_leq(total, 6000);
}

Test(discord, sends_an_embed_that_says_what_and_where, .timeout = 30) {
    begin("text:{\"id\": \"991\"}");
    cr_assert_eq(sink_case_deliver(&it, "discord", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(it.delivery.remote_id, "991");
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/api/webhooks/17/SECRET?wait=true");
    struct json_object *body = channel_body(&it), *embed = channel_at(body, "embeds/0");
    check_limits(embed);
    cr_assert_eq(json_object_array_length(channel_at(body, "allowed_mentions/parse")), 0);
    cr_assert_not_null(strstr(channel_text(embed, "title"), "SIGSEGV"));
    cr_assert_not_null(strstr(channel_text(embed, "description"), "\n```\n"));
    cr_assert_str_eq(channel_text(embed, "fields/0/name"), "Where");
    cr_assert_not_null(strstr(channel_text(embed, "timestamp"), "T"));
    json_object_put(body);
    sink_case_end(&it);
}

Test(discord, keeps_to_the_limits_and_lets_no_markup_out_of_hostile_text, .timeout = 30) {
    begin("204");
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "discord", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it), *embed = channel_at(body, "embeds/0");
    const char *description = channel_text(embed, "description"), *code = strstr(description, "\n```\n");
    check_limits(embed);
    cr_assert_eq(strncmp(channel_text(embed, "title"), "\\<!channel\\> ", 13), 0, "%s", channel_text(embed, "title"));
    cr_assert_not_null(code);
    cr_assert_eq(strchr(code + 5, '`'), description + strlen(description) - 3, "code ends early");
    for (const char *at = description; (at = strpbrk(at, "<`*_@")) && at < code; at++)
        cr_assert(at > description && at[-1] == '\\', "unescaped: %s", at);
    json_object_put(body);
    sink_case_end(&it);
}

Test(discord, answers_decide, .timeout = 60) {
    static const struct channel_status statuses[] = {{"200", QMON_DELIVERY_SENT, false},
                                                     {"204", QMON_DELIVERY_SENT, false}};

    channel_judges(&it, "discord", lines, statuses, 2);
}

Test(discord, waits_as_long_as_the_body_of_a_429_says, .timeout = 30) {
    static const struct http_reply replies[] = {
        {.status = 429, .body = "{\"message\":\"slow down\",\"retry_after\":2.5,\"global\":false}"},
        {.status = 429, .body = "{\"retry_after\":1e99}"},
        {.status = 429, .body = "[[[["},
    };
    static const uint64_t waits_ms[] = {2501, 3600000, 0};

    begin("ok");
    http_server_script(it.server, replies, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(sink_case_deliver(&it, "discord", 5000), QMON_DELIVERY_RETRY);
        cr_assert_eq(it.delivery.retry_after_ms, waits_ms[i], "%zu: %lu", i, it.delivery.retry_after_ms);
    }
    sink_case_end(&it);
}

Test(discord, a_check_asks_and_sends_nothing, .timeout = 30) {
    char reason[256];

    begin("200,404");
    cr_assert(sink_case_check(&it, "discord", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->method, "GET");
    cr_assert_not(sink_case_check(&it, "discord", reason, sizeof reason));
    cr_assert_eq(strncmp(reason, "http-404: ", 10), 0, "%s", reason);
    sink_case_end(&it);
}
