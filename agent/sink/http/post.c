/* post.c: see post.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_judge.h"
#include "post.h"

#define FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

void qmon__json_begin(struct qmon__json *json) {
    json->root = json_object_new_object();
    json->failed = !json->root;
}

void qmon__json_end(struct qmon__json *json) {
    json_object_put(json->root);
    json->root = NULL;
}

static struct json_object *put(struct qmon__json *json, struct json_object *object, const char *name,
                               struct json_object *value) {
    int failed = -1;

    if (object && value)
        failed = name ? json_object_object_add(object, name, value) : json_object_array_add(object, value);
    if (failed == 0)
        return value;
    json_object_put(value);
    json->failed = true;
    return NULL;
}

void qmon__json_text(struct qmon__json *json, struct json_object *object, const char *name, const char *text) {
    if (text && text[0])
        put(json, object, name, json_object_new_string(text));
}

void qmon__json_number(struct qmon__json *json, struct json_object *object, const char *name, int64_t number) {
    put(json, object, name, json_object_new_int64(number));
}

void qmon__json_switch(struct qmon__json *json, struct json_object *object, const char *name, bool value) {
    put(json, object, name, json_object_new_boolean(value));
}

struct json_object *qmon__json_object(struct qmon__json *json, struct json_object *object, const char *name) {
    return put(json, object, name, json_object_new_object());
}

struct json_object *qmon__json_array(struct qmon__json *json, struct json_object *object, const char *name) {
    return put(json, object, name, json_object_new_array());
}

static bool is_final(long status) {
    return status == 400 || status == 413 || status == 422;
}

static void judge(const struct qmon__http_response *response, const char *url, struct qmon_delivery *ret_delivery) {
    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (response->status >= 200 && response->status < 300)
        return;
    qmon__http_judge_failure(response, url, ret_delivery);
    if (!is_final(response->status))
        return;
    ret_delivery->verdict = QMON_DELIVERY_REJECTED;
    ret_delivery->misconfigured = ret_delivery->sink_down = false;
}

static char *body_of(const struct qmon__post *post, const struct qmon__json *json) {
    const char *text = json->failed ? NULL : json_object_to_json_string_ext(json->root, FLAGS);
    char *body = NULL;

    if (text && asprintf(&body, post->in_array ? "[%s]" : "%s", text) < 0)
        return NULL;
    return body;
}

static struct qmon__http_request request_of(const struct qmon_sink_context *context, const struct qmon__post *post) {
    struct qmon__http_request request = {.url = post->url, .headers = post->headers, .bearer = post->bearer};

    request.authorization = post->authorization;
    request.event_id = post->event ? post->event->id : NULL;
    request.ca_file = context->config->ca_file;
    request.timeout_ms = context->timeout_ms;
    return request;
}

void qmon__post_text(const struct qmon_sink_context *context, const struct qmon__post *post, const char *body,
                     struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery) {
    struct qmon__http_request request = request_of(context, post);

    request.method = "POST";
    request.content_type = post->content_type ? post->content_type : "application/json";
    request.body = body;
    request.body_bytes = strlen(body);
    qmon__http_send(&request, ret_response);
    judge(ret_response, post->url, ret_delivery);
}

void qmon__post_json(const struct qmon_sink_context *context, const struct qmon__post *post, struct qmon__json *json,
                     struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery) {
    char *body = body_of(post, json);

    *ret_response = (struct qmon__http_response){0};
    if (!body) {
        *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_RETRY};
        snprintf(ret_delivery->reason, sizeof ret_delivery->reason, "memory: out of memory");
        return;
    }
    qmon__post_text(context, post, body, ret_response, ret_delivery);
    free(body);
}

void qmon__post_refuse(struct qmon_delivery *ret_delivery, const char *class, const char *words) {
    *ret_delivery = (struct qmon_delivery){0};
    snprintf(ret_delivery->reason, sizeof ret_delivery->reason, "%s: %s", class, words);
    qmon__post_blame_settings(ret_delivery);
}

void qmon__post_blame_settings(struct qmon_delivery *delivery) {
    delivery->verdict = QMON_DELIVERY_RETRY;
    delivery->misconfigured = delivery->sink_down = true;
}

bool qmon__post_probe(const struct qmon_sink_context *context, const char *url, char *ret_reason, size_t bytes) {
    struct qmon__post post = {.url = url};

    return qmon__post_probe_as(context, &post, ret_reason, bytes);
}

bool qmon__post_probe_as(const struct qmon_sink_context *context, const struct qmon__post *post, char *ret_reason,
                         size_t bytes) {
    struct qmon__http_request request = request_of(context, post);
    struct qmon__http_response response;
    struct qmon_delivery delivery = {0};
    char host[128];

    request.method = "GET";
    qmon__http_send(&request, &response);
    bool fine = response.status >= 200 && response.status < 300;
    qmon__http_host(post->url, host, sizeof host);
    if (fine)
        snprintf(ret_reason, bytes, "%s answers and knows the address; no alert was sent", host);
    else
        qmon__http_judge_failure(&response, post->url, &delivery);
    if (!fine)
        snprintf(ret_reason, bytes, "%s", delivery.reason);
    qmon__http_clear(&response);
    return fine;
}

/* 404 too: an address that only takes POST may know no other method. */
bool qmon__post_knock(const struct qmon_sink_context *context, const char *url, char *ret_reason, size_t bytes) {
    struct qmon__post post = {.url = url};
    struct qmon__http_request request = request_of(context, &post);
    struct qmon__http_response response;
    struct qmon_delivery delivery = {0};
    char host[128];

    request.method = "OPTIONS";
    qmon__http_send(&request, &response);
    bool fine = response.status != 0 && response.status < 500 && response.status != 401 && response.status != 403 &&
                response.status != 410 && response.status / 100 != 3;
    qmon__http_host(url, host, sizeof host);
    if (fine)
        snprintf(ret_reason, bytes, "%s answers; no alert was sent, so whether it takes one is not known", host);
    else
        qmon__http_judge_failure(&response, url, &delivery);
    if (!fine)
        snprintf(ret_reason, bytes, "%s", delivery.reason);
    qmon__http_clear(&response);
    return fine;
}

bool qmon__post_url(const char *base, const char *path, char *ret_url, size_t bytes) {
    size_t length = strlen(base);

    while (length > 0 && base[length - 1] == '/')
        length--;
    int count = snprintf(ret_url, bytes, "%.*s/%s", (int) length, base, path);
    return count > 0 && (size_t) count < bytes;
}
