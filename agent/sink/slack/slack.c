/*
 * slack.c: alerts to Slack, as a bot (chat.postMessage) or through an incoming webhook. Where both are configured the bot
 * wins: it says which message it made.
 *
 * Repeats of a problem go to the thread of its first message (slack_thread.h). A message that Slack finds malformed goes out
 * once more as plain text; that this was so is remembered for later attempts.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/clock.h>
#include <qmon/log.h>

#include "destination.h"
#include "sinks.h"
#include "slack.h"
#include "slack_answer.h"
#include "slack_render.h"
#include "slack_thread.h"

#define PLAIN_STATE "plain"
#define URL_BYTES 1024

static bool is_set(const char *text) {
    return text && text[0];
}

static bool is_bot(const struct qmon_config *config) {
    return is_set(config->slack_token) && is_set(config->slack_channel);
}

static bool slack_configured(const struct qmon_config *config) {
    return is_bot(config) || is_set(config->slack_webhook_url);
}

static bool slack_begun(const struct qmon_config *config) {
    return is_set(config->slack_token) || is_set(config->slack_channel);
}

static uint64_t slack_destination(const struct qmon_config *config) {
    if (!is_bot(config))
        return qmon__destination("webhook", config->slack_webhook_url);
    return qmon__destination(config->slack_api_url, config->slack_channel);
}

bool qmon__slack_method_url(const struct qmon_config *config, const char *method, char *ret_url, size_t bytes) {
    size_t length = strlen(config->slack_api_url);
    const char *slash = length && config->slack_api_url[length - 1] == '/' ? "" : "/";
    int count = snprintf(ret_url, bytes, "%s%s%s", config->slack_api_url, slash, method);

    return count > 0 && (size_t) count < bytes;
}

static void retry(struct qmon_delivery *delivery, const char *reason) {
    *delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_RETRY};
    snprintf(delivery->reason, sizeof delivery->reason, "%s", reason);
}

/* One call; true: Slack found the message malformed. */
static bool call(const struct qmon_sink_context *context, const char *method, const char *event_id, const char *body,
                 uint64_t timeout_ms, struct qmon_delivery *ret_delivery) {
    const struct qmon_config *config = context->config;
    bool bot = is_bot(config);
    struct qmon__http_request request = {.method = "POST", .content_type = "application/json; charset=utf-8"};
    struct qmon__http_response response;
    char url[URL_BYTES];

    if (bot && !qmon__slack_method_url(config, method, url, sizeof url)) {
        retry(ret_delivery, "bad-url: SLACK_API_URL is too long");
        return false;
    }
    if (!body) {
        retry(ret_delivery, "memory: out of memory");
        return false;
    }
    request.url = bot ? url : config->slack_webhook_url;
    request.bearer = bot ? config->slack_token : NULL;
    request.body = body;
    request.body_bytes = strlen(body);
    request.event_id = event_id;
    request.ca_file = config->ca_file;
    request.timeout_ms = timeout_ms;
    qmon__http_send(&request, &response);
    bool malformed =
        qmon__slack_judge(bot ? QMON__SLACK_BOT : QMON__SLACK_WEBHOOK, &response, request.url, ret_delivery);
    qmon__http_clear(&response);
    return malformed;
}

struct message {
    const struct qmon_sink_context *context;
    const struct qmon_event *event;
    struct qmon__slack_thread thread;
    bool plain;
    uint64_t deadline_ms;
    struct qmon_delivery *delivery;
};

static uint64_t left_ms(const struct message *message) {
    uint64_t now_ms = qmon_monotonic_ms();

    return message->deadline_ms > now_ms ? message->deadline_ms - now_ms : 0;
}

/* One attempt; true: Slack found the message malformed. Without time nothing is tried, and the verdict of before stays but for
 * one that was about the form alone. */
static bool post(const struct message *message) {
    const struct qmon_config *config = message->context->config;
    struct qmon__slack_render_options options = {.channel = is_bot(config) ? config->slack_channel : NULL};

    if (left_ms(message) == 0) {
        message->delivery->verdict = QMON_DELIVERY_RETRY;
        return false;
    }
    options.plain = message->plain;
    options.thread = message->thread.first[0] ? message->thread.first : NULL;
    char *body = qmon__slack_render(message->event, &options);
    bool malformed =
        call(message->context, "chat.postMessage", message->event->id, body, left_ms(message), message->delivery);
    free(body);
    return malformed;
}

/* The count in the first message. Before the reply, which should be recorded as soon as it is out, and is worth more: where this
 * fails the reply goes out all the same. */
static void bring_up_to_date(struct message *message) {
    struct qmon_delivery update = {0};
    char *body = qmon__slack_thread_update(message->context, &message->thread, message->event);

    if (body)
        call(message->context, "chat.update", message->event->id, body, left_ms(message) / 3 + 1, &update);
    if (body && qmon__slack_thread_gone(&update))
        message->thread.first[0] = '\0';
    else if (body && update.verdict != QMON_DELIVERY_SENT)
        qmon_log("slack: the first message of the thread could not be brought up to date: %s", update.reason);
    free(body);
}

static void slack_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                          struct qmon_delivery *ret_delivery) {
    struct message message = {.context = context, .event = event, .delivery = ret_delivery};

    (void) json;
    *ret_delivery =
        (struct qmon_delivery){.verdict = QMON_DELIVERY_RETRY, .reason = "timeout: there was no time to try"};
    message.deadline_ms = qmon_monotonic_ms() + context->timeout_ms;
    message.plain = context->state_in && strcmp(context->state_in, PLAIN_STATE) == 0;
    if (is_bot(context->config))
        qmon__slack_thread_find(context, event, (uint64_t) time(NULL), &message.thread);
    if (message.thread.first[0] && event->kind != QMON_KIND_LIFECYCLE)
        bring_up_to_date(&message);
    bool malformed = post(&message);
    if (message.thread.first[0] && qmon__slack_thread_gone(ret_delivery)) {
        message.thread.first[0] = '\0';
        malformed = post(&message);
    }
    if (malformed && !message.plain) {
        message.plain = true;
        post(&message);
    }
    if (message.plain && ret_delivery->verdict == QMON_DELIVERY_RETRY)
        snprintf(ret_delivery->state, sizeof ret_delivery->state, PLAIN_STATE);
    if (message.thread.first[0] && ret_delivery->verdict == QMON_DELIVERY_SENT)
        qmon__slack_thread_note(&message.thread, ret_delivery);
}

static bool slack_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    if (is_bot(context->config))
        return qmon__slack_check_bot(context, reason, reason_bytes);
    if (is_set(context->config->slack_webhook_url))
        return qmon__slack_check_webhook(context, reason, reason_bytes);
    if (is_set(context->config->slack_token))
        snprintf(reason, reason_bytes, "SLACK_APP_TOKEN is set, but SLACK_ALERTS_CHANNEL is not: no alert can be sent");
    else if (is_set(context->config->slack_channel))
        snprintf(reason, reason_bytes, "SLACK_ALERTS_CHANNEL is set, but SLACK_APP_TOKEN is not: no alert can be sent");
    else
        snprintf(reason, reason_bytes, "not configured");
    return false;
}

const struct qmon_sink qmon__sink_slack = {
    .name = "slack",
    .summary = "alerts in a Slack channel, by bot token or incoming webhook",
    .threads = true,
    .configured = slack_configured,
    .begun = slack_begun,
    .destination = slack_destination,
    .deliver = slack_deliver,
    .check = slack_check,
};
