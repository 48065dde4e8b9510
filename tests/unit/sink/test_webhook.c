#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "sha256.h"
#include "sink_case.h"

static struct sink_case it;
static const char *const with_token[] = {"QMON_WEBHOOK_URL=@events?key=SECRET", "QMON_WEBHOOK_TOKEN=SECRET", NULL};

static void begin(const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, with_token);
}

Test(webhook, posts_the_event_as_it_is, .timeout = 20) {
    char value[128];

    begin("ok");
    cr_assert_eq(sink_case_deliver(&it, "webhook", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    const struct http_seen *seen = http_server_seen(it.server, 0);
    cr_assert_str_eq(seen->method, "POST");
    cr_assert_str_eq(seen->path, "/events?key=SECRET");
    cr_assert_str_eq(seen->body, "{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\"}");
    static const char *const headers[][2] = {
        {"Content-Type", "application/json"},
        {"Authorization", "Bearer SECRET"},
        {"X-Qmon-Event-Id", "01934a1c-7e10-7a2b-8c3d-4e5f60718293"},
        {"Idempotency-Key", "01934a1c-7e10-7a2b-8c3d-4e5f60718293"},
        {"User-Agent", "qmon/" QMON_VERSION},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        cr_assert(http_seen_header(seen, headers[i][0], value, sizeof value), "%s", headers[i][0]);
        cr_assert_str_eq(value, headers[i][1]);
    }
    sink_case_end(&it);
}

Test(webhook, statuses_decide, .timeout = 30) {
    static const struct {
        const char *script;
        enum qmon_delivery_verdict verdict;
        bool misconfigured;
    } cases[] = {
        {"200", QMON_DELIVERY_SENT, false},     {"202", QMON_DELIVERY_SENT, false},
        {"204", QMON_DELIVERY_SENT, false},     {"400", QMON_DELIVERY_REJECTED, false},
        {"413", QMON_DELIVERY_REJECTED, false}, {"422", QMON_DELIVERY_REJECTED, false},
        {"401", QMON_DELIVERY_RETRY, true},     {"403", QMON_DELIVERY_RETRY, true},
        {"404", QMON_DELIVERY_RETRY, true},     {"410", QMON_DELIVERY_RETRY, true},
        {"307", QMON_DELIVERY_RETRY, true},     {"405", QMON_DELIVERY_RETRY, true},
        {"408", QMON_DELIVERY_RETRY, false},    {"425", QMON_DELIVERY_RETRY, false},
        {"429:9", QMON_DELIVERY_RETRY, false},  {"500", QMON_DELIVERY_RETRY, false},
        {"502", QMON_DELIVERY_RETRY, false},    {"503:9", QMON_DELIVERY_RETRY, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(cases[i].script);
        cr_assert_eq(sink_case_deliver(&it, "webhook", 2000), cases[i].verdict, "%s: %s", cases[i].script,
                     it.delivery.reason);
        cr_assert_eq(it.delivery.misconfigured, cases[i].misconfigured, "%s", cases[i].script);
        cr_assert_eq(it.delivery.sink_down, cases[i].verdict == QMON_DELIVERY_RETRY);
        cr_assert_eq(it.delivery.retry_after_ms, strchr(cases[i].script, ':') ? 9000 : 0);
        sink_case_end(&it);
    }
}

Test(webhook, a_success_status_counts_whatever_becomes_of_the_body, .timeout = 20) {
    static const char *const scripts[] = {"cut", "drip", "huge"};

    for (size_t i = 0; i < 3; i++) {
        begin(scripts[i]);
        cr_assert_eq(sink_case_deliver(&it, "webhook", 300), QMON_DELIVERY_SENT, "%s: %s", scripts[i],
                     it.delivery.reason);
        sink_case_end(&it);
    }
}

Test(webhook, keeps_the_event_when_the_connection_fails, .timeout = 20) {
    static const char *const scripts[] = {"close", "reset", "hang", "garbage"};

    for (size_t i = 0; i < 4; i++) {
        begin(scripts[i]);
        cr_assert_eq(sink_case_deliver(&it, "webhook", 300), QMON_DELIVERY_RETRY, "%s", scripts[i]);
        cr_assert_lt(it.took_ms, 1500);
        sink_case_end(&it);
    }
}

Test(webhook, a_check_sends_no_event, .timeout = 20) {
    char reason[256];

    begin("405");
    cr_assert(sink_case_check(&it, "webhook", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->method, "OPTIONS");
    cr_assert_str_eq(http_server_seen(it.server, 0)->body, "");
    cr_assert(http_server_script_words(it.server, "401,close*2"));
    cr_assert_not(sink_case_check(&it, "webhook", reason, sizeof reason));
    cr_assert_eq(strncmp(reason, "http-401: ", 10), 0, "%s", reason);
    /* twice: a kept connection that closes is tried afresh once */
    cr_assert_not(sink_case_check(&it, "webhook", reason, sizeof reason));
    cr_assert_eq(strncmp(reason, "closed: ", 8), 0, "%s", reason);
    sink_case_end(&it);
}

Test(webhook, signs_what_it_sends_and_when, .timeout = 20) {
    static const char *const lines[] = {"QMON_WEBHOOK_URL=@events", "QMON_WEBHOOK_SECRET=SECRET-of-both",
                                        "QMON_WEBHOOK_HEADERS=X-Team=core,X-Note=a%2Cb", NULL};
    char stamp[64], signature[128], value[64], expected[QMON__SHA256_HEX_BYTES];
    struct qmon__hmac hmac;

    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
    time_t before = time(NULL);
    cr_assert_eq(sink_case_deliver(&it, "webhook", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    const struct http_seen *seen = http_server_seen(it.server, 0);
    cr_assert(http_seen_header(seen, "X-Qmon-Timestamp", stamp, sizeof stamp));
    cr_assert(http_seen_header(seen, "X-Qmon-Signature", signature, sizeof signature));
    cr_assert(atol(stamp) >= before && atol(stamp) <= time(NULL), "%s", stamp);
    qmon__hmac_begin(&hmac, "SECRET-of-both");
    qmon__hmac_add(&hmac, stamp, strlen(stamp));
    qmon__hmac_add(&hmac, ".", 1);
    qmon__hmac_add(&hmac, seen->body, seen->body_bytes);
    qmon__hmac_end(&hmac, expected);
    cr_assert_eq(strncmp(signature, "v1=", 3), 0);
    cr_assert_str_eq(signature + 3, expected);
    cr_assert(http_seen_header(seen, "X-Team", value, sizeof value));
    cr_assert_str_eq(value, "core");
    cr_assert(http_seen_header(seen, "X-Note", value, sizeof value));
    cr_assert_str_eq(value, "a,b");
    sink_case_end(&it);
}

Test(webhook, sends_nothing_with_headers_that_would_break_it, .timeout = 20) {
    static const char *const lines[] = {"QMON_WEBHOOK_URL=@events", "QMON_WEBHOOK_HEADERS=X-A=1%0d%0aX-Admin: SECRET",
                                        NULL};
    char reason[256];

    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
    cr_assert_eq(sink_case_deliver(&it, "webhook", 2000), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_eq(strncmp(it.delivery.reason, "bad-header: ", 12), 0, "%s", it.delivery.reason);
    cr_assert_not(sink_case_check(&it, "webhook", reason, sizeof reason));
    cr_assert_not_null(strstr(reason, "QMON_WEBHOOK_HEADERS"), "%s", reason);
    cr_assert_eq(http_server_count(it.server), 0);
    sink_case_end(&it);
}
