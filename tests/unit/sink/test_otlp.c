#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;

static void begin(const char *script, const char *path) {
    const char *lines[] = {path, "QMON_OTLP_HEADERS=X-Api-Key=SECRET%2C1", NULL};

    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

Test(otlp, sends_a_log_record_to_the_collector, .timeout = 30) {
    static const char *const endpoints[][2] = {{"QMON_OTLP_ENDPOINT=@", "/v1/logs"},
                                               {"QMON_OTLP_ENDPOINT=@otlp/", "/otlp/v1/logs"},
                                               {"QMON_OTLP_ENDPOINT=@v1/logs", "/v1/logs"}};
    char value[64];

    for (size_t i = 0; i < 3; i++) {
        begin("text:{}", endpoints[i][0]);
        cr_assert_eq(sink_case_deliver(&it, "otlp", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
        cr_assert_str_eq(http_server_seen(it.server, 0)->path, endpoints[i][1]);
        cr_assert(http_seen_header(http_server_seen(it.server, 0), "X-Api-Key", value, sizeof value));
        cr_assert_str_eq(value, "SECRET,1");
        struct json_object *body = channel_body(&it);
        cr_assert_not_null(channel_at(body, "resourceLogs/0/scopeLogs/0/logRecords/0"));
        json_object_put(body);
        sink_case_end(&it);
    }
}

Test(otlp, a_record_that_the_collector_refuses_is_set_aside, .timeout = 30) {
    static const struct http_reply replies[] = {
        {.body = "{\"partialSuccess\":{\"rejectedLogRecords\":\"1\",\"errorMessage\":\"too old\"}}"},
        {.body = "{\"partialSuccess\":{\"rejectedLogRecords\":1}}"},
        {.body = "{\"partialSuccess\":{\"rejectedLogRecords\":\"0\",\"errorMessage\":\"a warning\"}}"},
        {.body = "{\"partialSuccess\":{}}"},
        {.body = "\x0a\x00"},
    };

    begin("ok", "QMON_OTLP_ENDPOINT=@");
    http_server_script(it.server, replies, 5);
    cr_assert_eq(sink_case_deliver(&it, "otlp", 5000), QMON_DELIVERY_REJECTED);
    cr_assert_str_eq(it.delivery.reason, "otlp-rejected: the collector refused the record: too old");
    cr_assert_eq(sink_case_deliver(&it, "otlp", 5000), QMON_DELIVERY_REJECTED);
    for (size_t i = 2; i < 5; i++)
        cr_assert_eq(sink_case_deliver(&it, "otlp", 5000), QMON_DELIVERY_SENT, "%zu: %s", i, it.delivery.reason);
    sink_case_end(&it);
}

Test(otlp, a_check_sends_no_record, .timeout = 30) {
    char reason[256];

    begin("text:{},401", "QMON_OTLP_ENDPOINT=@");
    cr_assert(sink_case_check(&it, "otlp", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->body, "{\"resourceLogs\":[]}");
    cr_assert_not(sink_case_check(&it, "otlp", reason, sizeof reason));
    sink_case_end(&it);
}
