/*
 * webhook.c: the event as it is, POSTed to an address. The event's id is the idempotency key: a receiver that remembers keys
 * can tell a repeated attempt from a new event. With a secret the request is signed: X-Qmon-Timestamp has the moment of this
 * attempt (seconds since 1970), X-Qmon-Signature "v1=" and HMAC-SHA256 of timestamp, "." and body in lower-case hex, so that
 * a receiver can refuse what is forged, altered or old.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "destination.h"
#include "header_list.h"
#include "http_judge.h"
#include "post.h"
#include "sha256.h"
#include "sinks.h"

static bool webhook_configured(const struct qmon_config *config) {
    return config->webhook_url && config->webhook_url[0];
}

static uint64_t webhook_destination(const struct qmon_config *config) {
    return qmon__destination("event", config->webhook_url);
}

struct headers {
    const char *items[QMON__HEADERS + 4];
    char key[64], stamp[48], signature[96];
    struct qmon__header_list own;
};

static void sign(struct headers *headers, size_t *count, const char *secret, const char *body) {
    char hex[QMON__SHA256_HEX_BYTES], seconds[24];
    struct qmon__hmac hmac;

    snprintf(seconds, sizeof seconds, "%" PRIu64, (uint64_t) time(NULL));
    qmon__hmac_begin(&hmac, secret);
    qmon__hmac_add(&hmac, seconds, strlen(seconds));
    qmon__hmac_add(&hmac, ".", 1);
    qmon__hmac_add(&hmac, body, strlen(body));
    qmon__hmac_end(&hmac, hex);
    snprintf(headers->stamp, sizeof headers->stamp, "X-Qmon-Timestamp: %s", seconds);
    snprintf(headers->signature, sizeof headers->signature, "X-Qmon-Signature: v1=%s", hex);
    headers->items[(*count)++] = headers->stamp;
    headers->items[(*count)++] = headers->signature;
}

/* False: the setting is wrong, *ret_problem says why. To be ended always. */
static bool begin_headers(const struct qmon_config *config, const char *id, const char *body, struct headers *headers,
                          const char **ret_problem) {
    size_t count = 0;

    if (!qmon__header_list_begin(config->webhook_headers, &headers->own, ret_problem))
        return false;
    if (id) {
        snprintf(headers->key, sizeof headers->key, "Idempotency-Key: %s", id);
        headers->items[count++] = headers->key;
    }
    if (config->webhook_secret[0])
        sign(headers, &count, config->webhook_secret, body);
    for (size_t i = 0; i < headers->own.count; i++)
        headers->items[count++] = headers->own.items[i];
    headers->items[count] = NULL;
    return true;
}

static void webhook_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                            struct qmon_delivery *ret_delivery) {
    const struct qmon_config *config = context->config;
    struct qmon__post post = {.url = config->webhook_url, .bearer = config->webhook_token, .event = event};
    struct qmon__http_response response;
    struct headers headers = {0};
    const char *problem;

    if (begin_headers(config, event->id, json, &headers, &problem)) {
        post.headers = headers.items;
        qmon__post_text(context, &post, json, &response, ret_delivery);
        qmon__http_clear(&response);
    } else {
        qmon__post_refuse(ret_delivery, "bad-header", problem);
    }
    qmon__header_list_end(&headers.own);
}

/* OPTIONS asks what is allowed there and sends nothing: any answer shows that somebody is at home. */
static bool webhook_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon__http_request request = {.method = "OPTIONS", .url = context->config->webhook_url};
    struct qmon__http_response response;
    struct qmon_delivery delivery = {0};
    struct headers headers = {0};
    const char *problem;
    char host[128];

    bool fine = begin_headers(context->config, NULL, "", &headers, &problem);
    if (!fine) {
        snprintf(reason, reason_bytes, "bad-header: QMON_WEBHOOK_HEADERS has %s", problem);
        qmon__header_list_end(&headers.own);
        return false;
    }
    request.bearer = context->config->webhook_token;
    request.headers = headers.items;
    request.ca_file = context->config->ca_file;
    request.timeout_ms = context->timeout_ms;
    qmon__http_send(&request, &response);
    qmon__header_list_end(&headers.own);
    long status = response.status;
    fine = status != 0 && status < 500 && status != 401 && status != 403 && status != 404 && status != 410 &&
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
