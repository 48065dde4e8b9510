/*
 * discord.c: alerts in a Discord channel, by webhook, as one embed. Text from outside is shown as code, where Discord
 * interprets nothing, or with every mark that it interprets escaped; nobody can be mentioned by it. Our limits count bytes
 * of UTF-8, which are never fewer than the characters that Discord counts.
 */
#include <stdio.h>
#include <string.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define TITLE_BYTES 250u /* Discord: 256 */
#define WHAT_BYTES 1200u
#define TRACE_BYTES 1900u /* with what happened, both escaped: below 4,096 */
#define FIELD_BYTES 130u  /* of up to 16, Discord: 25 of 1,024; all texts of an embed together: 6,000 */
#define URL_BYTES 1024u
#define RETRY_MS 3600000.0

static bool discord_configured(const struct qmon_config *config) {
    return config->discord_webhook_url && config->discord_webhook_url[0];
}

static uint64_t discord_destination(const struct qmon_config *config) {
    return qmon__destination("discord", config->discord_webhook_url);
}

static int64_t colour_of(const struct qmon_event *event) {
    switch (event->severity) {
    case QMON_SEVERITY_INFO:
        return 0x3498db; /* blue */
    case QMON_SEVERITY_WARNING:
        return 0xf1c40f; /* yellow */
    case QMON_SEVERITY_ERROR:
        return 0xe67e22; /* orange */
    default:
        return 0xe74c3c; /* red */
    }
}

static void escape(const char *words, char *ret_text, size_t bytes) {
    struct qmon_text text;

    qmon_text_begin(&text, ret_text, bytes);
    while (*words && !text.cut) {
        uint32_t code = 0;
        size_t length = qmon_utf8_step(words, strlen(words), &code);
        char one[6] = {'\\'};
        bool marked = code < 0x80 && strchr("\\*_~`|<>[]()#@:-.", (int) code);

        length = length ? length : 1;
        memcpy(one + 1, words, length);
        if (text.used + length + 1 >= text.size)
            break; /* both or none */
        qmon_text_add(&text, marked ? one : one + 1);
        words += length;
    }
}

/* As code: the backtick, which would end it, becomes a look-alike (U+02CB). */
static void add_code(struct qmon_text *text, const char *words) {
    while (*words && !text->cut) {
        uint32_t code = 0;
        size_t length = qmon_utf8_step(words, strlen(words), &code);
        char one[5] = {0};

        memcpy(one, words, length ? length : 1);
        qmon_text_add(text, code == '`' ? "\xcb\x8b" : one);
        words += length ? length : 1;
    }
}

static void add_description(struct qmon__json *json, struct json_object *embed, const struct qmon_event *event) {
    char what[WHAT_BYTES / 2], escaped[WHAT_BYTES], trace[TRACE_BYTES], buffer[WHAT_BYTES + TRACE_BYTES + 400];
    struct qmon_text text;

    qmon__words_what(event, what, sizeof what);
    escape(what, escaped, sizeof escaped);
    qmon__words_trace(event, 30, trace, sizeof trace);
    qmon_text_begin(&text, buffer, sizeof buffer - 8);
    qmon_text_add(&text, escaped);
    if (trace[0]) {
        qmon_text_add(&text, "\n```\n");
        text.size = WHAT_BYTES + TRACE_BYTES;
        add_code(&text, trace);
        text.size = sizeof buffer;
        text.cut = false;
        qmon_text_add(&text, "\n```");
    }
    qmon__json_text(json, embed, "description", buffer);
}

static void add_fields(struct qmon__json *json, struct json_object *embed, const struct qmon_event *event) {
    struct json_object *fields = qmon__json_array(json, embed, "fields");
    struct qmon__facts facts;

    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        struct json_object *field = qmon__json_object(json, fields, NULL);
        char value[FIELD_BYTES - 2], buffer[FIELD_BYTES];
        struct qmon_text text;

        qmon__words_line(facts.items[i].value, value, sizeof value);
        qmon_text_begin(&text, buffer, sizeof buffer - 1);
        qmon_text_add(&text, "`");
        add_code(&text, value);
        text.size = sizeof buffer;
        text.cut = false;
        qmon_text_add(&text, "`");
        qmon__json_text(json, field, "name", facts.items[i].label);
        qmon__json_text(json, field, "value", buffer);
        qmon__json_switch(json, field, "inline", strlen(buffer) < 40);
    }
}

static void render(struct qmon__json *json, const struct qmon_event *event) {
    char line[TITLE_BYTES / 2], title[TITLE_BYTES], time[32];

    qmon__json_begin(json);
    struct json_object *mentions = qmon__json_object(json, json->root, "allowed_mentions");
    qmon__json_array(json, mentions, "parse");
    struct json_object *embeds = qmon__json_array(json, json->root, "embeds");
    struct json_object *embed = qmon__json_object(json, embeds, NULL);
    qmon__words_title(event, true, line, sizeof line);
    escape(line, title, sizeof title);
    qmon__json_text(json, embed, "title", title);
    qmon__json_number(json, embed, "color", colour_of(event));
    qmon__words_time(event->time_ns, time, sizeof time);
    qmon__json_text(json, embed, "timestamp", time);
    add_description(json, embed, event);
    add_fields(json, embed, event);
}

/* Of a 429 the body tells the time to wait in fractions of seconds; of a message that was made, its id. */
static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root = response->body ? json_tokener_parse(response->body) : NULL, *value = NULL;

    if (response->status == 429 && json_object_object_get_ex(root, "retry_after", &value)) {
        double wait_ms = json_object_get_double(value) * 1000;
        if (wait_ms > (double) delivery->retry_after_ms)
            delivery->retry_after_ms = wait_ms < RETRY_MS ? (uint64_t) wait_ms + 1 : (uint64_t) RETRY_MS;
    }
    if (delivery->verdict == QMON_DELIVERY_SENT && json_object_object_get_ex(root, "id", &value) &&
        json_object_get_string(value))
        qmon__words_line(json_object_get_string(value), delivery->remote_id, sizeof delivery->remote_id);
    json_object_put(root);
}

static void discord_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                            struct qmon_delivery *ret_delivery) {
    const char *base = context->config->discord_webhook_url;
    struct qmon__http_response response;
    struct qmon__json document;
    char url[URL_BYTES];
    struct qmon__post post = {.url = url, .event = event};

    (void) json;
    int count = snprintf(url, sizeof url, "%s%swait=true", base, strchr(base, '?') ? "&" : "?");
    if (count < 0 || (size_t) count >= sizeof url) {
        *ret_delivery = (struct qmon_delivery){.reason = "bad-url: DISCORD_WEBHOOK_URL is too long"};
        qmon__post_blame_settings(ret_delivery);
        return;
    }
    render(&document, event);
    qmon__post_json(context, &post, &document, &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&document);
}

/* A GET of a webhook describes it. */
static bool discord_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__post_probe(context, context->config->discord_webhook_url, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_discord = {
    .name = "discord",
    .summary = "alerts in a Discord channel, by webhook",
    .configured = discord_configured,
    .destination = discord_destination,
    .deliver = discord_deliver,
    .check = discord_check,
};
