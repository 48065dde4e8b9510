/*
 * post.h: a JSON document under construction, and its delivery by one POST. Failure to build it (out of memory) is sticky.
 * Private to agent/sink.
 */
#ifndef QMON_SINK_POST_H
#define QMON_SINK_POST_H

#include <json-c/json.h>
#include <qmon/sink.h>

#include <qmon/http.h>

struct qmon__json {
    struct json_object *root; /* owned */
    bool failed;
};

/* Begins an object. */
void qmon__json_begin(struct qmon__json *json);
void qmon__json_end(struct qmon__json *json);
/* Adds to `object` (NULL: nothing is added). Texts that are NULL or empty are left out. */
void qmon__json_text(struct qmon__json *json, struct json_object *object, const char *name, const char *text);
void qmon__json_number(struct qmon__json *json, struct json_object *object, const char *name, int64_t number);
void qmon__json_switch(struct qmon__json *json, struct json_object *object, const char *name, bool value);
/* A new empty object or array, a member of `object`, or (name NULL) the next element of the array `object`. Borrowed from
 * the document; NULL: failed. */
struct json_object *qmon__json_object(struct qmon__json *json, struct json_object *object, const char *name);
struct json_object *qmon__json_array(struct qmon__json *json, struct json_object *object, const char *name);

struct qmon__post {
    const char *url;
    const char *const *headers;     /* NULL none */
    const char *bearer;             /* as in struct qmon__http_request; NULL none */
    const char *authorization;      /* likewise */
    const char *content_type;       /* NULL: application/json */
    const struct qmon_event *event; /* whose id goes along; NULL none */
    bool in_array;                  /* the body is an array with the document as its only element */
};

/* POSTs the document and judges the answer: 2xx SENT; 400, 413, 422 REJECTED; the rest as http_judge.h says. Fills
 * ret_response (to be cleared by the caller) and ret_delivery always. */
void qmon__post_json(const struct qmon_sink_context *context, const struct qmon__post *post, struct qmon__json *json,
                     struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery);
/* The same with a body that is there already. */
void qmon__post_text(const struct qmon_sink_context *context, const struct qmon__post *post, const char *body,
                     struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery);
/* No attempt was made, for the settings: "bad-url: WORDS". */
void qmon__post_refuse(struct qmon_delivery *ret_delivery, const char *class, const char *words);
/* The delivery was refused for the settings, not for the event. */
void qmon__post_blame_settings(struct qmon_delivery *delivery);
/* Asks with GET whether the address is there: true for 2xx; ret_reason always gets a sentence. */
bool qmon__post_probe(const struct qmon_sink_context *context, const char *url, char *ret_reason, size_t bytes);
/* The same with what `post` says of address, token and headers. */
bool qmon__post_probe_as(const struct qmon_sink_context *context, const struct qmon__post *post, char *ret_reason,
                         size_t bytes);
/* Asks with OPTIONS, which sends nothing, whether anybody is at home, for addresses that only take messages. */
bool qmon__post_knock(const struct qmon_sink_context *context, const char *url, char *ret_reason, size_t bytes);
/* Base address and path with one slash between them; false: too long. */
bool qmon__post_url(const char *base, const char *path, char *ret_url, size_t bytes);

#endif
