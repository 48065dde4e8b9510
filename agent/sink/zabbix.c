/*
 * zabbix.c: events as values of a trapper item in Zabbix, by the protocol of zabbix_sender: "ZBXD", a byte of flags, the length
 * and a reserved word (32 bits each, little-endian), and JSON. The value is a JSON object, from which dependent items and triggers
 * take what they need. The server answers how many values it took.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "destination.h"
#include "dial.h"
#include "post.h"
#include "reach.h"
#include "sinks.h"
#include "words.h"

#define HEADER_BYTES 13u
#define ANSWER_BYTES 4096u
#define TRACE_BYTES 8000u
#define DEFAULT_PORT "10051"

static bool zabbix_configured(const struct qmon_config *config) {
    return config->zabbix_server && config->zabbix_server[0];
}

static uint64_t zabbix_destination(const struct qmon_config *config) {
    return qmon__destination(config->zabbix_key, config->zabbix_server);
}

static void render_value(struct qmon__json *json, const struct qmon_event *event) {
    char text[TRACE_BYTES];
    struct qmon__facts facts;

    qmon__json_begin(json);
    qmon__json_text(json, json->root, "id", event->id);
    qmon__json_text(json, json->root, "kind", qmon_kind_name(event->kind));
    qmon__json_text(json, json->root, "severity", qmon_severity_name(event->severity));
    qmon__json_text(json, json->root, "code", event->code);
    qmon__words_title(event, false, text, 1000);
    qmon__json_text(json, json->root, "title", text);
    qmon__json_text(json, json->root, "service", event->service.name);
    qmon__json_text(json, json->root, "stage", event->service.stage);
    qmon__json_text(json, json->root, "fingerprint", event->fingerprint);
    qmon__json_number(json, json->root, "occurrences", (int64_t) event->occurrences.total);
    qmon__json_number(json, json->root, "suppressed", (int64_t) event->occurrences.suppressed);
    qmon__words_what(event, text, 3000);
    qmon__json_text(json, json->root, "what", text);
    struct json_object *object = qmon__json_object(json, json->root, "facts");
    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++)
        qmon__json_text(json, object, facts.items[i].label, facts.items[i].value);
    qmon__words_trace(event, 40, text, sizeof text);
    qmon__json_text(json, json->root, "trace", text);
}

static void render(struct qmon__json *json, const struct qmon_config *config, const struct qmon_event *event) {
    const char *host = config->zabbix_host[0] ? config->zabbix_host : event->host.name;
    struct qmon__json value;

    render_value(&value, event);
    qmon__json_begin(json);
    json->failed |= value.failed;
    qmon__json_text(json, json->root, "request", "sender data");
    struct json_object *data = qmon__json_object(json, qmon__json_array(json, json->root, "data"), NULL);
    qmon__json_text(json, data, "host", host && host[0] ? host : "qmon");
    qmon__json_text(json, data, "key", config->zabbix_key);
    if (!value.failed)
        qmon__json_text(json, data, "value", json_object_to_json_string_ext(value.root, JSON_C_TO_STRING_PLAIN));
    qmon__json_number(json, data, "clock", (int64_t) (event->time_ns / UINT64_C(1000000000)));
    qmon__json_number(json, data, "ns", (int64_t) (event->time_ns % UINT64_C(1000000000)));
    qmon__json_end(&value);
}

static int send_packet(int fd, const char *text, uint64_t deadline_ms) {
    size_t bytes = strlen(text);
    uint32_t length = htole32((uint32_t) bytes);
    unsigned char header[HEADER_BYTES] = "ZBXD\1";

    memcpy(header + 5, &length, sizeof length);
    int r = qmon__dial_send(fd, header, sizeof header, deadline_ms);
    return r < 0 ? r : qmon__dial_send(fd, text, bytes, deadline_ms);
}

/* NUL-terminated. Negative errno; -EBADMSG: not what Zabbix says. */
static int receive_packet(int fd, char *ret_text, uint64_t deadline_ms) {
    unsigned char packet[HEADER_BYTES + ANSWER_BYTES];
    size_t got = 0, wanted = HEADER_BYTES;
    uint32_t length;

    while (got < wanted) {
        long n = qmon__dial_receive(fd, packet + got, wanted - got, deadline_ms);
        if (n <= 0)
            return n < 0 ? (int) n : -ECONNRESET;
        got += (size_t) n;
        if (got != HEADER_BYTES)
            continue;
        memcpy(&length, packet + 5, sizeof length);
        if (memcmp(packet, "ZBXD\1", 5) != 0 || le32toh(length) >= ANSWER_BYTES)
            return -EBADMSG;
        wanted += le32toh(length);
    }
    memcpy(ret_text, packet + HEADER_BYTES, got - HEADER_BYTES);
    ret_text[got - HEADER_BYTES] = '\0';
    return 0;
}

/* "processed: 1; failed: 0; total: 1; seconds spent: 0.000055" */
static void judge(const char *answer, struct qmon_delivery *ret_delivery) {
    struct json_object *root = json_tokener_parse(answer), *response = NULL, *info = NULL;
    char line[120];

    json_object_object_get_ex(root, "response", &response);
    json_object_object_get_ex(root, "info", &info);
    const char *words = info ? json_object_get_string(info) : "";
    const char *verdict = response ? json_object_get_string(response) : NULL;
    const char *processed = strstr(words, "processed: ");
    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    qmon__words_line(words, line, sizeof line);
    if (!verdict)
        qmon__post_refuse(ret_delivery, "protocol", "the server does not answer as Zabbix does");
    else if (strcmp(verdict, "success") != 0)
        qmon__post_refuse(ret_delivery, "zabbix-failed", line[0] ? line : "the server refuses the value");
    else if (!processed || processed[11] == '0')
        qmon__post_refuse(ret_delivery, "zabbix-item",
                          "Zabbix has no trapper item with that key for that host, or does not let us fill it");
    json_object_put(root);
}

static void fail(int error, struct qmon_delivery *delivery) {
    qmon__post_refuse(delivery,
                      error == -ETIMEDOUT ? "timeout"
                      : error == -EBADMSG ? "protocol"
                                          : "closed",
                      error == -ETIMEDOUT ? "no answer from Zabbix in time"
                      : error == -EBADMSG ? "the server does not answer as Zabbix does"
                                          : "the connection to Zabbix broke");
    delivery->misconfigured = error == -EBADMSG;
}

/* Asks and judges. */
static void talk(const struct qmon_sink_context *context, const char *text, struct qmon_delivery *ret_delivery) {
    uint64_t deadline_ms = qmon_monotonic_ms() + context->timeout_ms;
    char answer[ANSWER_BYTES];
    struct qmon__dial dial;

    if (!qmon__dial_read(context->config->zabbix_server, DEFAULT_PORT, &dial)) {
        qmon__post_refuse(ret_delivery, "bad-url", "QMON_ZABBIX_SERVER is not HOST or HOST:PORT");
        return;
    }
    qmon__post_refuse(ret_delivery, "", "");
    ret_delivery->misconfigured = false;
    int fd = qmon__dial(&dial, SOCK_STREAM, deadline_ms, ret_delivery->reason, sizeof ret_delivery->reason);
    if (fd < 0) {
        ret_delivery->unreachable = !qmon__reach_may_come(dial.host);
        return;
    }
    int r = send_packet(fd, text, deadline_ms);
    if (r == 0)
        r = receive_packet(fd, answer, deadline_ms);
    close(fd);
    if (r < 0)
        fail(r, ret_delivery);
    else
        judge(answer, ret_delivery);
}

static void zabbix_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                           struct qmon_delivery *ret_delivery) {
    struct qmon__json document;

    (void) json;
    render(&document, context->config, event);
    const char *text = document.failed ? NULL : json_object_to_json_string_ext(document.root, JSON_C_TO_STRING_PLAIN);
    if (text)
        talk(context, text, ret_delivery);
    else
        qmon__post_refuse(ret_delivery, "memory", "out of memory");
    ret_delivery->misconfigured = ret_delivery->misconfigured && text;
    qmon__json_end(&document);
}

/* A request without values: a server that is one takes none of none. */
static bool zabbix_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon_delivery delivery;

    talk(context, "{\"request\":\"sender data\",\"data\":[]}", &delivery);
    bool fine = delivery.verdict == QMON_DELIVERY_SENT || strncmp(delivery.reason, "zabbix-item:", 12) == 0;
    if (fine)
        snprintf(reason, reason_bytes, "Zabbix answers; whether the item %.60s is there, only a value would show",
                 context->config->zabbix_key);
    else
        snprintf(reason, reason_bytes, "%s", delivery.reason);
    return fine;
}

const struct qmon_sink qmon__sink_zabbix = {
    .name = "zabbix",
    .summary = "events as values of a trapper item in Zabbix",
    .configured = zabbix_configured,
    .destination = zabbix_destination,
    .deliver = zabbix_deliver,
    .check = zabbix_check,
};
