/* CloudWatch Logs, CloudWatch metrics and X-Ray: every request's signature is computed anew by the test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <qmon/aws.h>

#include "channel_case.h"
#include "sigv4_check.h"

TestSuite(aws_channels, .timeout = 60);

static struct sink_case it;
static const char *const lines[] = {"QMON_CLOUDWATCH_LOG_GROUP=/qmon/shop", "QMON_CLOUDWATCH_NAMESPACE=qmon shop",
                                    "QMON_XRAY=1", NULL};

static void begin(const struct http_reply *replies, size_t count) {
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    http_server_script(it.server, replies, count);
    sink_case_configure(&it, lines);
    setenv("AWS_ENDPOINT_URL", http_server_url(it.server, ""), 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "SECRET/of+both", 1);
    setenv("AWS_REGION", "eu-central-1", 1);
    qmon_aws_forget();
}

static void expect_signed(size_t number, const char *service) {
    struct sigv4_expected expected = {"AKIAEXAMPLE", "SECRET/of+both", "", "eu-central-1", service};
    const char *complaint = sigv4_check(http_server_seen(it.server, number), &expected);

    cr_expect_null(complaint, "request %zu to %s: %s", number, service, complaint);
}

static void expect_target(size_t number, const char *target) {
    char value[64];

    cr_assert(http_seen_header(http_server_seen(it.server, number), "X-Amz-Target", value, sizeof value));
    cr_expect_str_eq(value, target);
    expect_signed(number, "logs");
}

Test(aws_channels, an_event_is_a_log_event) {
    static const struct http_reply fine = {.body = "{}"};

    begin(&fine, 1);
    cr_assert_eq(sink_case_deliver(&it, "cloudwatch-logs", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    expect_target(0, "Logs_20140328.PutLogEvents");
    struct json_object *body = channel_body(&it);
    cr_assert_str_eq(channel_text(body, "logGroupName"), "/qmon/shop");
    cr_assert_str_eq(channel_text(body, "logStreamName"), "web-7");
    cr_assert_eq(json_object_get_int64(channel_at(body, "logEvents/0/timestamp")), 1732104241000);
    cr_assert_not_null(strstr(channel_text(body, "logEvents/0/message"), it.sample.event.id));
    json_object_put(body);
    sink_case_end(&it);
}

#define NOT_FOUND                                                                                                      \
    { .status = 400, .body = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"not there\"}" }

Test(aws_channels, group_and_stream_are_made_where_they_are_missing) {
    static const struct http_reply replies[] = {NOT_FOUND, NOT_FOUND, {.body = "{}"}, {.body = "{}"}, {.body = "{}"}};
    static const char *const targets[] = {"Logs_20140328.PutLogEvents", "Logs_20140328.CreateLogStream",
                                          "Logs_20140328.CreateLogGroup", "Logs_20140328.CreateLogStream",
                                          "Logs_20140328.PutLogEvents"};

    begin(replies, 5);
    cr_assert_eq(sink_case_deliver(&it, "cloudwatch-logs", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_eq(http_server_count(it.server), 5);
    for (size_t i = 0; i < 5; i++)
        expect_target(i, targets[i]);
    cr_assert_null(strstr(http_server_seen(it.server, 2)->body, "logStreamName"));
    sink_case_end(&it);
}

Test(aws_channels, a_metric_counts_what_was_held_back_too) {
    static const struct http_reply fine = {.body = "<PutMetricDataResponse/>"};

    begin(&fine, 1);
    it.sample.event.occurrences.suppressed = 41;
    it.sample.event.service.name = "check&out=\xc3\xa4";
    cr_assert_eq(sink_case_deliver(&it, "cloudwatch-metrics", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    expect_signed(0, "monitoring");
    cr_assert_str_eq(
        http_server_seen(it.server, 0)->body,
        "Action=PutMetricData&Version=2010-08-01&Namespace=qmon%20shop&MetricData.member.1.MetricName=Events"
        "&MetricData.member.1.Unit=Count&MetricData.member.1.Value=42"
        "&MetricData.member.1.Timestamp=2024-11-20T12%3A04%3A01Z"
        "&MetricData.member.1.Dimensions.member.1.Name=Service"
        "&MetricData.member.1.Dimensions.member.1.Value=check%26out%3D%3F%3F"
        "&MetricData.member.1.Dimensions.member.2.Name=Stage"
        "&MetricData.member.1.Dimensions.member.2.Value=production"
        "&MetricData.member.1.Dimensions.member.3.Name=Kind"
        "&MetricData.member.1.Dimensions.member.3.Value=crash"
        "&MetricData.member.1.Dimensions.member.4.Name=Severity"
        "&MetricData.member.1.Dimensions.member.4.Value=critical");
    sink_case_end(&it);
}

Test(aws_channels, a_crash_is_a_faulty_segment) {
    static const struct http_reply fine = {.body = "{\"UnprocessedTraceSegments\":[]}"};

    begin(&fine, 1);
    cr_assert_eq(sink_case_deliver(&it, "xray", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    expect_signed(0, "xray");
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/TraceSegments");
    struct json_object *body = channel_body(&it);
    struct json_object *segment = json_tokener_parse(channel_text(body, "TraceSegmentDocuments/0"));
    static const char *const texts[][2] = {
        {"name", "checkout"},
        {"id", "8c3d4e5f60718293"},
        {"trace_id", "1-673dd031-7e107a2b8c3d4e5f60718293"},
        {"cause/exceptions/0/type", "SIGSEGV"},
        {"cause/exceptions/0/stack/2/label", "trim"},
        {"annotations/qmon_event_id", "01934a1c-7e10-7a2b-8c3d-4e5f60718293"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_str_eq(channel_text(segment, texts[i][0]), texts[i][1]);
    cr_assert(json_object_get_boolean(channel_at(segment, "fault")));
    cr_assert_not_null(strstr(json_object_to_json_string_ext(segment, JSON_C_TO_STRING_PLAIN),
                              "\"start_time\":1732104241.000000,\"end_time\":1732104241.000000"));
    json_object_put(segment);
    json_object_put(body);
    sink_case_end(&it);
}

Test(aws_channels, errors_say_who_has_to_act) {
    static const struct {
        const char *sink, *body, *class;
        int status;
        enum qmon_delivery_verdict verdict;
        bool misconfigured;
    } cases[] = {
        {"cloudwatch-logs", "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
         "aws-logs: ThrottlingException: Rate exceeded", 400, QMON_DELIVERY_RETRY, false},
        {"cloudwatch-logs", "{\"__type\":\"AccessDeniedException\",\"message\":\"User x is not authorized\"}",
         "aws-logs: AccessDeniedException: User x", 400, QMON_DELIVERY_RETRY, true},
        {"cloudwatch-logs", "{\"__type\":\"InvalidParameterException\",\"message\":\"no\"}",
         "aws-logs: InvalidParameterException", 400, QMON_DELIVERY_REJECTED, false},
        {"cloudwatch-logs", "{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":0}}", "aws-logs-time: ", 200,
         QMON_DELIVERY_REJECTED, false},
        {"cloudwatch-metrics", "<E><Error><Code>Throttling</Code><Message>Slow</Message></Error></E>",
         "aws-monitoring: Throttling: Slow", 400, QMON_DELIVERY_RETRY, false},
        {"cloudwatch-metrics", "<E><Error><Code>SignatureDoesNotMatch</Code></Error></E>",
         "aws-monitoring: SignatureDoesNotMatch", 403, QMON_DELIVERY_RETRY, true},
        {"xray", "{\"UnprocessedTraceSegments\":[{\"ErrorCode\":\"ParseError\",\"Id\":\"1\"}]}",
         "aws-xray-segment: X-Ray refuses the segment: ParseError", 200, QMON_DELIVERY_REJECTED, false},
        {"xray", "", "aws-xray: it answered with status 503", 503, QMON_DELIVERY_RETRY, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_reply reply = {.status = cases[i].status, .body = cases[i].body};
        begin(&reply, 1);
        cr_expect_eq(sink_case_deliver(&it, cases[i].sink, 5000), cases[i].verdict, "%s: %s", cases[i].body,
                     it.delivery.reason);
        cr_expect_eq(strncmp(it.delivery.reason, cases[i].class, strlen(cases[i].class)), 0, "%s", it.delivery.reason);
        cr_expect_eq(it.delivery.misconfigured, cases[i].misconfigured, "%s", it.delivery.reason);
        sink_case_end(&it);
    }
}

Test(aws_channels, an_event_too_long_for_a_log_goes_in_brief) {
    static const struct http_reply fine = {.body = "{}"};
    const struct qmon_sink *sink = qmon_sink_by_name("cloudwatch-logs");
    char *text = malloc(300001);

    begin(&fine, 1);
    memset(text, 'x', 300000);
    text[300000] = '\0';
    struct qmon_sink_context context = {.config = it.config, .timeout_ms = 5000};
    sink->deliver(&context, &it.sample.event, text, &it.delivery);
    cr_assert_eq(it.delivery.verdict, QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    cr_assert_lt(strlen(channel_text(body, "logEvents/0/message")), 2000);
    cr_assert_not_null(strstr(channel_text(body, "logEvents/0/message"), it.sample.event.id));
    json_object_put(body);
    free(text);
    sink_case_end(&it);
}

Test(aws_channels, without_credentials_nothing_is_sent_and_said_so) {
    static const struct http_reply fine = {.body = "{}"};
    char reason[256];

    begin(&fine, 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    qmon_aws_forget();
    cr_assert_eq(sink_case_deliver(&it, "cloudwatch-logs", 5000), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_eq(strncmp(it.delivery.reason, "aws-credentials: ", 17), 0, "%s", it.delivery.reason);
    cr_assert_not(sink_case_check(&it, "xray", reason, sizeof reason));
    cr_assert_eq(http_server_count(it.server), 0);
    sink_case_end(&it);
}
