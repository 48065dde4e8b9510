/*
 * webhook.c: the event as it is, POSTed to an address. The event's id is the idempotency key: a receiver that remembers keys
 * can tell a repeated attempt from a new event.
 */
#include <stdio.h>
#include <string.h>

#include "destination.h"
#include "http_judge.h"
#include "sinks.h"

static bool webhook_configured(const struct qmon_config *config) {
    return config->webhook_url && config->webhook_url[0];
}

static uint64_t webhook_destination(const struct qmon_config *config) {
    return qmon__destination("event", config->webhook_url);
}

/* 400, 413, 422: the event itself is at fault, and will be the next time. Other refusals are about address or token. */
static bool is_final(long status) {
    return status == 400 || status == 413 || status == 422;
}

static void judge(const struct qmon__http_response *response, const char *url, struct qmon_delivery *ret_delivery) {
    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (response->status >= 200 && response->status < 300)
        return; /* taken, whatever became of the rest of the answer */
    qmon__http_judge_failure(response, url, ret_delivery);
    if (!is_final(response->status))
        return;
    ret_delivery->verdict = QMON_DELIVERY_REJECTED;
    ret_delivery->misconfigured = ret_delivery->sink_down = false;
}

static void webhook_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                            struct qmon_delivery *ret_delivery) {
    struct qmon__http_request request = {.method = "POST", .content_type = "application/json"};
    struct qmon__http_response response;
    char id[64], key[64];
    const char *headers[] = {id, key, NULL};

    snprintf(id, sizeof id, "X-Qmon-Event-Id: %s", event->id);
    snprintf(key, sizeof key, "Idempotency-Key: %s", event->id);
    request.url = context->config->webhook_url;
    request.bearer = context->config->webhook_token;
    request.headers = headers;
    request.body = json;
    request.body_bytes = strlen(json);
    request.timeout_ms = context->timeout_ms;
    qmon__http_send(&request, &response);
    judge(&response, request.url, ret_delivery);
    qmon__http_clear(&response);
}

/* OPTIONS asks what is allowed there and sends nothing: any answer shows that somebody is at home. */
static bool webhook_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon__http_request request = {.method = "OPTIONS", .url = context->config->webhook_url};
    struct qmon__http_response response;
    struct qmon_delivery delivery = {0};
    char host[128];

    request.bearer = context->config->webhook_token;
    request.timeout_ms = context->timeout_ms;
    qmon__http_send(&request, &response);
    long status = response.status;
    bool fine = status != 0 && status < 500 && status != 401 && status != 403 && status != 404 && status != 410 &&
                status / 100 != 3;
    qmon__http_host(request.url, host, sizeof host);
    if (!fine)
        qmon__http_judge_failure(&response, request.url, &delivery);
    if (fine)
        snprintf(reason, reason_bytes, "%s answers; no event was sent, so whether it takes one is not known", host);
    else
        snprintf(reason, reason_bytes, "%s", delivery.reason);
    qmon__http_clear(&response);
    return fine;
}

const struct qmon_sink qmon__sink_webhook = {
    .name = "webhook",
    .summary = "events as JSON, POSTed to an address",
    .configured = webhook_configured,
    .destination = webhook_destination,
    .deliver = webhook_deliver,
    .check = webhook_check,
};
