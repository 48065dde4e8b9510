/*
 * Every channel that speaks HTTP, before a server with every fault: one table of channels, one of faults. Whatever happens, no
 * channel takes longer than its time-out and a bit, none believes that an alert is out that is not, and none keeps one that is
 * out, as far as the answer tells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

#define TIMEOUT_MS 700u

static struct sink_case it;

enum {
    WHOLE_ANSWER = 1, /* the status alone says nothing */
    AWS = 2,          /* found by AWS' variables; without a header of ours, which would have to be signed */
};

static const struct channel {
    const char *name;
    const char *lines[6];
    const char *good; /* what its server says when it takes the alert */
    unsigned flags;
} channels[] = {
    {"slack",
     {"SLACK_APP_TOKEN=xoxb-SECRET", "SLACK_ALERTS_CHANNEL=C012AB3CD", "SLACK_API_URL=@api/"},
     "{\"ok\":true,\"ts\":\"1.2\",\"channel\":\"C012AB3CD\"}",
     WHOLE_ANSWER},
    {"webhook", {"QMON_WEBHOOK_URL=@events", "QMON_WEBHOOK_SECRET=SECRET"}, "fine", 0},
    {"discord", {"DISCORD_WEBHOOK_URL=@api/webhooks/17/SECRET"}, "{\"id\":\"9\"}", 0},
    {"pagerduty", {"PAGERDUTY_ROUTING_KEY=SECRET", "PAGERDUTY_API_URL=@v2/enqueue"}, "{\"status\":\"success\"}", 0},
    {"alertmanager", {"ALERTMANAGER_URL=@"}, "", 0},
    {"teams", {"TEAMS_WEBHOOK_URL=@workflows/SECRET"}, "", 0},
    {"mattermost", {"MATTERMOST_WEBHOOK_URL=@hooks/SECRET"}, "ok", 0},
    {"rocketchat", {"ROCKETCHAT_WEBHOOK_URL=@hooks/SECRET"}, "{\"success\":true}", 0},
    {"opsgenie", {"OPSGENIE_API_KEY=SECRET", "OPSGENIE_API_URL=@"}, "{\"requestId\":\"7\"}", 0},
    {"elasticsearch",
     {"ELASTICSEARCH_URL=@", "ELASTICSEARCH_API_KEY=SECRET"},
     "{\"items\":[{\"create\":{\"status\":201}}]}",
     WHOLE_ANSWER},
    {"sentry", {"QMON_SENTRY_DSN=http://0123SECRET@HERE/42"}, "{\"id\":\"1\"}", 0},
    {"otlp", {"QMON_OTLP_ENDPOINT=@", "QMON_OTLP_HEADERS=Authorization=Bearer%20SECRET"}, "{}", 0},
    {.name = "cloudwatch-logs", .lines = {"QMON_CLOUDWATCH_LOG_GROUP=qmon"}, .good = "{}", .flags = AWS},
    {.name = "cloudwatch-metrics", .lines = {"QMON_CLOUDWATCH_NAMESPACE=qmon"}, .good = "<a/>", .flags = AWS},
    {.name = "xray", .lines = {"QMON_XRAY=1"}, .good = "{\"UnprocessedTraceSegments\":[]}", .flags = AWS},
};
#define CHANNELS (sizeof channels / sizeof channels[0])

enum outcome { OUT, KEPT, KEPT_FOR_PEOPLE, BY_STATUS /* OUT, or KEPT where the whole answer is needed */ };

static const struct fault {
    const char *name;
    struct http_reply reply;
    enum outcome outcome;
    uint64_t retry_after_ms;
} faults[] = {
    {"slow but in time", {.delay_ms = 150}, OUT, 0},
    {"too slow", {.delay_ms = 3000}, KEPT, 0},
    {"never", {.manner = HTTP_HANG}, KEPT, 0},
    {"cut off behind what counts", {.manner = HTTP_CUT}, OUT, 0},
    {"closed", {.manner = HTTP_CLOSE}, KEPT, 0},
    {"reset", {.manner = HTTP_RESET}, KEPT, 0},
    {"no HTTP", {.manner = HTTP_GARBAGE}, KEPT_FOR_PEOPLE, 0},
    {"10 MB", {.manner = HTTP_HUGE}, BY_STATUS, 0},
    {"a byte at a time", {.manner = HTTP_DRIP}, BY_STATUS, 0},
    {"headers without end", {.manner = HTTP_LONG_HEADER}, BY_STATUS, 0},
    {"429", {.status = 429, .headers = "Retry-After: 7\r\n", .body = "{}"}, KEPT, 7000},
    {"429 for a year", {.status = 429, .headers = "Retry-After: 31536000\r\n", .body = "{}"}, KEPT, 3600000},
    {"500", {.status = 500, .body = "{}"}, KEPT, 0},
    {"503", {.status = 503, .headers = "Retry-After: 2\r\n", .body = "{}"}, KEPT, 2000},
    {"401", {.status = 401, .body = "{}"}, KEPT_FOR_PEOPLE, 0},
    {"404", {.status = 404, .body = "{}"}, KEPT_FOR_PEOPLE, 0},
    {"redirect", {.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n", .body = ""}, KEPT_FOR_PEOPLE, 0},
};
#define FAULTS (sizeof faults / sizeof faults[0])

/* "@" and "HERE" in the lines become the server. */
static void configure(const struct channel *channel, const char *scheme, const char *ca_file) {
    char texts[8][300], here[64];
    const char *lines[10] = {0};
    size_t count = 0;

    snprintf(here, sizeof here, "127.0.0.1:%u", http_server_port(it.server));
    for (; channel->lines[count]; count++) {
        const char *line = channel->lines[count], *at = strstr(line, "=@"),
                   *in = strstr(line, "http://0123SECRET@HERE");
        if (at)
            snprintf(texts[count], 300, "%.*s%s://%s/%s", (int) (at + 1 - line), line, scheme, here, at + 2);
        else if (in)
            snprintf(texts[count], 300, "%.*s%s://0123SECRET@%s/42", (int) (in - line), line, scheme, here);
        lines[count] = at || in ? texts[count] : line;
    }
    snprintf(texts[7], 300, "QMON_CA_FILE=%s", ca_file ? ca_file : "");
    lines[count] = texts[7];
    qmon_config_free(it.config);
    sink_case_configure(&it, lines);
    snprintf(texts[7], 300, "%s://%s", scheme, here);
    setenv("AWS_ENDPOINT_URL", texts[7], 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIASECRET", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "SECRET", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
}

static void begin(const struct channel *channel, enum http_tls tls, const struct http_reply *reply) {
    struct http_reply replies[2] = {*reply, *reply}; /* a kept connection that closes is tried afresh once */

    for (size_t i = 0; i < 2; i++)
        if (!replies[i].body && (replies[i].manner == HTTP_ANSWER || replies[i].manner == HTTP_CUT))
            replies[i].body = channel->good;
    it.config = NULL;
    sink_case_begin(&it, tls, "ok");
    http_server_script(it.server, replies, 2);
    configure(channel, "http", NULL);
}

static void expect(const struct channel *channel, const struct fault *fault) {
    enum outcome outcome = fault->outcome;

    if (outcome == BY_STATUS)
        outcome = channel->flags & WHOLE_ANSWER ? KEPT : OUT;
    enum qmon_delivery_verdict verdict = sink_case_deliver(&it, channel->name, TIMEOUT_MS);
    cr_expect_eq(verdict, outcome == OUT ? QMON_DELIVERY_SENT : QMON_DELIVERY_RETRY, "%s, %s: %s", channel->name,
                 fault->name, it.delivery.reason);
    if (fault->outcome != BY_STATUS && outcome != OUT)
        cr_expect_eq(it.delivery.misconfigured, outcome == KEPT_FOR_PEOPLE, "%s, %s: %s", channel->name, fault->name,
                     it.delivery.reason);
    cr_expect_eq(it.delivery.retry_after_ms, fault->retry_after_ms, "%s, %s: %lu ms", channel->name, fault->name,
                 it.delivery.retry_after_ms);
    cr_expect_lt(it.took_ms, TIMEOUT_MS + 800, "%s, %s: took %lu ms", channel->name, fault->name, it.took_ms);
}

Test(faults, no_channel_loses_an_alert_or_believes_what_is_not_so, .timeout = 240) {
    for (size_t i = 0; i < CHANNELS; i++) {
        for (size_t j = 0; j < FAULTS; j++) {
            begin(&channels[i], HTTP_TLS_NONE, &faults[j].reply);
            expect(&channels[i], &faults[j]);
            sink_case_end(&it);
        }
    }
}

/* The certificate decides before a byte of the alert or a token is sent. */
Test(faults, no_channel_speaks_to_whom_it_cannot_verify, .timeout = 120) {
    static const enum http_tls bad[] = {HTTP_TLS_EXPIRED, HTTP_TLS_WRONG_NAME};
    static const struct http_reply fine = {0};

    for (size_t i = 0; i < CHANNELS; i++) {
        for (size_t j = 0; j < 2; j++) {
            begin(&channels[i], bad[j], &fine);
            configure(&channels[i], "https", http_server_ca(it.server));
            cr_expect_eq(sink_case_deliver(&it, channels[i].name, 3000), QMON_DELIVERY_RETRY, "%s", channels[i].name);
            cr_expect(it.delivery.misconfigured, "%s", channels[i].name);
            cr_expect_eq(strncmp(it.delivery.reason, "tls: ", 5), 0, "%s: %s", channels[i].name, it.delivery.reason);
            cr_expect_eq(http_server_count(it.server), 0, "%s", channels[i].name);
            sink_case_end(&it);
        }
    }
}

Test(faults, every_channel_takes_the_authorities_of_its_choice, .timeout = 60) {
    static const struct http_reply fine = {0};

    for (size_t i = 0; i < CHANNELS; i++) {
        begin(&channels[i], HTTP_TLS_GOOD, &fine);
        configure(&channels[i], "https", "");
        cr_expect_eq(sink_case_deliver(&it, channels[i].name, 3000), QMON_DELIVERY_RETRY, "%s", channels[i].name);
        configure(&channels[i], "https", http_server_ca(it.server));
        cr_expect_eq(sink_case_deliver(&it, channels[i].name, 3000), QMON_DELIVERY_SENT, "%s: %s", channels[i].name,
                     it.delivery.reason);
        sink_case_end(&it);
    }
}

/* One id is in every message of every channel, and in a header of its own. */
Test(faults, every_message_has_the_events_id, .timeout = 60) {
    static const struct http_reply fine = {0};
    char value[64];

    for (size_t i = 0; i < CHANNELS; i++) {
        begin(&channels[i], HTTP_TLS_NONE, &fine);
        cr_assert_eq(sink_case_deliver(&it, channels[i].name, 3000), QMON_DELIVERY_SENT, "%s", channels[i].name);
        const struct http_seen *seen = http_server_seen(it.server, 0);
        const char *in_body = strcmp(channels[i].name, "sentry") == 0 ? "01934a1c7e107a2b8c3d4e5f60718293" : NULL;
        if (strcmp(channels[i].name, "cloudwatch-metrics") != 0) /* numbers have no ids */
            cr_expect_not_null(strstr(seen->body, in_body ? in_body : it.sample.event.id), "%s", channels[i].name);
        if (channels[i].flags & AWS) {
            sink_case_end(&it);
            continue;
        }
        cr_assert(http_seen_header(seen, "X-Qmon-Event-Id", value, sizeof value), "%s", channels[i].name);
        cr_expect_str_eq(value, it.sample.event.id);
        sink_case_end(&it);
    }
}

/* A channel that nobody added here would be one that nobody tried. */
Test(faults, has_every_channel_that_speaks_http, .timeout = 10) {
    static const char *const others[] = {"file", "csv", "email", "zabbix", "syslog", "journal", "stderr"};

    for (const struct qmon_sink *const *sink = qmon_sinks; *sink; sink++) {
        bool known = false;
        for (size_t i = 0; i < CHANNELS; i++)
            known = known || strcmp(channels[i].name, (*sink)->name) == 0;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
            known = known || strcmp(others[i], (*sink)->name) == 0;
        cr_expect(known, "%s is not in the table", (*sink)->name);
        cr_expect_not_null((*sink)->check, "%s has no check", (*sink)->name);
    }
}
