/* slack_check.c: tries the configured bot or webhook without leaving a message behind. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/text.h>

#include "slack.h"
#include "slack_answer.h"

struct call {
    const struct qmon_sink_context *context;
    uint64_t deadline_ms;
    struct qmon__http_response response;
    struct json_object *answer; /* NULL: none that Slack could have given */
    char problem[256];          /* why there is none, or Slack's refusal; empty when it said ok */
    char code[64];              /* of the refusal */
};

static const char *text_in(struct json_object *object, const char *name) {
    struct json_object *value = NULL;

    if (!object || !json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, json_type_string))
        return "?";
    return json_object_get_string(value);
}

static void end_call(struct call *call) {
    json_object_put(call->answer);
    qmon__http_clear(&call->response);
    call->answer = NULL;
}

/* Calls a method of the web API by form; true when Slack said ok. */
static bool ask(struct call *call, const char *method, const char *form) {
    const struct qmon_config *config = call->context->config;
    struct qmon__http_request request = {.method = "POST", .content_type = "application/x-www-form-urlencoded"};
    struct qmon_delivery delivery;
    char url[1024];
    uint64_t now_ms = qmon_monotonic_ms();

    call->problem[0] = call->code[0] = '\0';
    if (!qmon__slack_method_url(config, method, url, sizeof url)) {
        snprintf(call->problem, sizeof call->problem, "SLACK_API_URL is too long");
        return false;
    }
    request.url = url;
    request.bearer = config->slack_token;
    request.ca_file = config->ca_file;
    request.body = form;
    request.body_bytes = strlen(form);
    request.timeout_ms = call->deadline_ms > now_ms ? call->deadline_ms - now_ms : 1;
    qmon__http_send(&request, &call->response);
    qmon__slack_judge(QMON__SLACK_BOT, &call->response, url, &delivery);
    if (delivery.verdict != QMON_DELIVERY_SENT) {
        snprintf(call->problem, sizeof call->problem, "%s", delivery.reason);
        snprintf(call->code, sizeof call->code, "%.*s", (int) strcspn(delivery.reason, ":"), delivery.reason);
        return false;
    }
    call->answer = json_tokener_parse(call->response.body);
    return true;
}

static bool looks_like_an_id(const char *channel) {
    return strlen(channel) >= 8 && strchr("CGD", channel[0]) &&
           strspn(channel, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(channel);
}

static bool flag(struct json_object *object, const char *name, bool missing) {
    struct json_object *value = NULL;

    return object && json_object_object_get_ex(object, name, &value) ? json_object_get_boolean(value) : missing;
}

static bool judge_channel(struct call *call, const char *who, char *reason, size_t reason_bytes) {
    struct json_object *channel = NULL;
    struct qmon_text text;

    json_object_object_get_ex(call->answer, "channel", &channel);
    bool archived = flag(channel, "is_archived", false), member = flag(channel, "is_member", true);
    qmon_text_begin(&text, reason, reason_bytes);
    qmon_text_add(&text, who);
    if (archived)
        qmon_text_add(&text, ", but the channel is archived: #");
    else
        qmon_text_add(&text, member ? ", member of #" : ", but not a member of the channel, invite it to #");
    qmon_text_line(&text, text_in(channel, "name"), 80, QMON_CUT_END);
    return !archived && member;
}

static bool check_channel(struct call *call, const char *who, char *reason, size_t reason_bytes) {
    const char *channel = call->context->config->slack_channel;
    char form[128];

    if (!looks_like_an_id(channel)) {
        snprintf(reason, reason_bytes,
                 "%s; the channel is given by name, and only a message would show if that is right", who);
        return true;
    }
    snprintf(form, sizeof form, "channel=%.100s", channel);
    if (ask(call, "conversations.info", form))
        return judge_channel(call, who, reason, reason_bytes);
    if (strcmp(call->code, "missing_scope") == 0) {
        snprintf(reason, reason_bytes, "%s; without the scope channels:read it cannot be seen if it may post to %.40s",
                 who, channel);
        return true;
    }
    snprintf(reason, reason_bytes, "%s, but not the channel: %s", who, call->problem);
    return false;
}

bool qmon__slack_check_bot(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct call call = {.context = context, .deadline_ms = qmon_monotonic_ms() + context->timeout_ms};
    char who[200];
    struct qmon_text text;
    bool fine = ask(&call, "auth.test", "");

    if (fine) {
        qmon_text_begin(&text, who, sizeof who);
        qmon_text_add(&text, "Slack knows the token: bot ");
        qmon_text_line(&text, text_in(call.answer, "user"), 60, QMON_CUT_END);
        qmon_text_add(&text, " of ");
        qmon_text_line(&text, text_in(call.answer, "team"), 60, QMON_CUT_END);
        end_call(&call);
        fine = check_channel(&call, who, reason, reason_bytes);
    } else {
        snprintf(reason, reason_bytes, "%s", call.problem);
    }
    end_call(&call);
    return fine;
}

/* A webhook that exists refuses a message without text as malformed; one that does not says so. */
bool qmon__slack_check_webhook(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon__http_request request = {.method = "POST", .url = context->config->slack_webhook_url};
    struct qmon__http_response response;
    struct qmon_delivery delivery;
    char host[128];

    request.content_type = "application/json; charset=utf-8";
    request.ca_file = context->config->ca_file;
    request.body = "{}";
    request.body_bytes = 2;
    request.timeout_ms = context->timeout_ms;
    qmon__http_send(&request, &response);
    bool malformed = qmon__slack_judge(QMON__SLACK_WEBHOOK, &response, request.url, &delivery);
    bool fine = malformed || delivery.verdict == QMON_DELIVERY_SENT;
    qmon__http_clear(&response);
    qmon__http_host(request.url, host, sizeof host);
    if (fine)
        snprintf(reason, reason_bytes, "the webhook at %s is there (an empty message was refused as it should be)",
                 host);
    else
        snprintf(reason, reason_bytes, "%s", delivery.reason);
    return fine;
}
