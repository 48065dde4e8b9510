#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;

static void begin(const char *script, const char *path) {
    static char line[200];
    const char *const lines[] = {line, NULL};

    sink_case_begin(&it, HTTP_TLS_NONE, script);
    snprintf(line, sizeof line, "QMON_SENTRY_DSN=http://0a1bSECRET@127.0.0.1:%u%s", http_server_port(it.server), path);
    sink_case_configure(&it, lines);
}

Test(sentry, sends_an_envelope_to_the_project, .timeout = 30) {
    static const char *const paths[][2] = {{"/42", "/api/42/envelope/"},
                                           {"/under/here/7", "/under/here/api/7/envelope/"}};
    char value[200];

    for (size_t i = 0; i < 2; i++) {
        begin("text:{\"id\":\"01934a1c7e107a2b8c3d4e5f60718293\"}", paths[i][0]);
        cr_assert_eq(sink_case_deliver(&it, "sentry", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
        cr_assert_str_eq(it.delivery.remote_id, "01934a1c7e107a2b8c3d4e5f60718293");
        const struct http_seen *seen = http_server_seen(it.server, 0);
        cr_assert_str_eq(seen->path, paths[i][1]);
        cr_assert(http_seen_header(seen, "Content-Type", value, sizeof value));
        cr_assert_str_eq(value, "application/x-sentry-envelope");
        cr_assert(http_seen_header(seen, "X-Sentry-Auth", value, sizeof value));
        cr_assert_str_eq(value, "Sentry sentry_version=7, sentry_client=qmon/" QMON_VERSION ", sentry_key=0a1bSECRET");
        cr_assert_eq(strncmp(seen->body, "{\"event_id\":\"01934a1c7e107a2b8c3d4e5f60718293\"", 46), 0, "%.80s",
                     seen->body);
        sink_case_end(&it);
    }
}

Test(sentry, tells_nobody_of_a_start, .timeout = 10) {
    begin("ok", "/42");
    it.sample.event.kind = QMON_KIND_LIFECYCLE;
    cr_assert_not(qmon_sink_by_name("sentry")->wants(it.config, &it.sample.event));
    sink_case_end(&it);
}

Test(sentry, what_is_no_dsn_is_said_so, .timeout = 20) {
    static const char *const dsns[] = {
        "https://sentry.example/42", "https://key@sentry.example/", "https://key@/42", "key@host/1",
        "https://k%0ay@h/1",         "https://key@h/4 2",           "https://@h/1"};
    char line[200], reason[256];
    const char *const lines[] = {line, NULL};

    for (size_t i = 0; i < sizeof dsns / sizeof dsns[0]; i++) {
        sink_case_begin(&it, HTTP_TLS_NONE, "ok");
        snprintf(line, sizeof line, "QMON_SENTRY_DSN=%s", dsns[i]);
        sink_case_configure(&it, lines);
        cr_expect_eq(sink_case_deliver(&it, "sentry", 1000), QMON_DELIVERY_RETRY, "%s", dsns[i]);
        cr_expect_eq(strncmp(it.delivery.reason, "bad-url: ", 9), 0, "%s: %s", dsns[i], it.delivery.reason);
        cr_expect_not(sink_case_check(&it, "sentry", reason, sizeof reason), "%s", dsns[i]);
        sink_case_end(&it);
    }
}
