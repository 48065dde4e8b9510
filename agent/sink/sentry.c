/*
 * sentry.c: events in Sentry and what speaks its protocol, by envelopes. The address is a DSN,
 * https://KEY@HOST[:PORT][/PATH]/PROJECT. The event's id is Sentry's too, by which it knows an attempt that got through unknown
 * to us. SENTRY_DSN is not read: it is the program's, whose own client reports there. Starts and stops are nobody's issue.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/interchange.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define URL_BYTES 1024u
#define AUTH_BYTES 320u
#define KEY_BYTES 128

struct address {
    char url[URL_BYTES];
    char auth[AUTH_BYTES]; /* a header */
};

static bool sentry_configured(const struct qmon_config *config) {
    return config->sentry_dsn && config->sentry_dsn[0];
}

static uint64_t sentry_destination(const struct qmon_config *config) {
    return qmon__destination("sentry", config->sentry_dsn);
}

static bool sentry_wants(const struct qmon_config *config, const struct qmon_event *event) {
    (void) config;
    return qmon__words_is_problem(event);
}

static bool is_word(const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_", text[i]))
            return false;
    return bytes > 0;
}

/* False: it is no DSN. */
static bool read_dsn(const char *dsn, struct address *ret_address) {
    const char *key = strstr(dsn, "://"), *at = key ? strchr(key + 3, '@') : NULL;
    const char *slash = at ? strrchr(at, '/') : NULL;

    if (!slash || !is_word(slash + 1, strlen(slash + 1)))
        return false;
    key += 3;
    size_t key_bytes = strcspn(key, ":@"), scheme_bytes = (size_t) (key - dsn);
    if (key_bytes > KEY_BYTES || !is_word(key, key_bytes))
        return false;
    int url = snprintf(ret_address->url, sizeof ret_address->url, "%.*s%.*s/api/%s/envelope/", (int) scheme_bytes, dsn,
                       (int) (slash - at - 1), at + 1, slash + 1);
    int auth = snprintf(ret_address->auth, sizeof ret_address->auth,
                        "X-Sentry-Auth: Sentry sentry_version=7, sentry_client=qmon/" QMON_VERSION ", sentry_key=%.*s",
                        (int) key_bytes, key);
    return slash > at + 1 && (size_t) url < sizeof ret_address->url && (size_t) auth < sizeof ret_address->auth;
}

static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root = response->body ? json_tokener_parse(response->body) : NULL, *value = NULL;

    if (delivery->verdict == QMON_DELIVERY_SENT && json_object_object_get_ex(root, "id", &value) &&
        json_object_get_string(value))
        qmon__words_line(json_object_get_string(value), delivery->remote_id, sizeof delivery->remote_id);
    json_object_put(root);
}

static void sentry_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                           struct qmon_delivery *ret_delivery) {
    struct address address;
    const char *headers[] = {address.auth, NULL};
    struct qmon__post post = {.url = address.url, .headers = headers, .event = event};
    struct qmon__http_response response;

    (void) json;
    if (!read_dsn(context->config->sentry_dsn, &address)) {
        qmon__post_refuse(ret_delivery, "bad-url", "QMON_SENTRY_DSN is no DSN, https://KEY@HOST/PROJECT");
        return;
    }
    char *envelope = qmon_sentry_envelope(event, (uint64_t) time(NULL) * UINT64_C(1000000000));
    if (!envelope) {
        qmon__post_refuse(ret_delivery, "memory", "out of memory");
        ret_delivery->misconfigured = false;
        return;
    }
    post.content_type = "application/x-sentry-envelope";
    qmon__post_text(context, &post, envelope, &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    free(envelope);
}

static bool sentry_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct address address;

    if (read_dsn(context->config->sentry_dsn, &address))
        return qmon__post_knock(context, address.url, reason, reason_bytes);
    snprintf(reason, reason_bytes, "bad-url: QMON_SENTRY_DSN is no DSN, https://KEY@HOST/PROJECT");
    return false;
}

const struct qmon_sink qmon__sink_sentry = {
    .name = "sentry",
    .summary = "events in Sentry, by envelopes",
    .configured = sentry_configured,
    .wants = sentry_wants,
    .destination = sentry_destination,
    .deliver = sentry_deliver,
    .check = sentry_check,
};
