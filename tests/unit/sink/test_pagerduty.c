#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const lines[] = {"PAGERDUTY_ROUTING_KEY=SECRETSECRETSECRETSECRETSECRET12",
                                    "PAGERDUTY_API_URL=@v2/enqueue", NULL};

static void begin(const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

Test(pagerduty, triggers_an_incident_for_the_fingerprint, .timeout = 30) {
    begin("202");
    cr_assert_eq(sink_case_deliver(&it, "pagerduty", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/v2/enqueue");
    struct json_object *body = channel_body(&it);
    cr_assert_str_eq(channel_text(body, "routing_key"), "SECRETSECRETSECRETSECRETSECRET12");
    cr_assert_str_eq(channel_text(body, "event_action"), "trigger");
    cr_assert_str_eq(channel_text(body, "dedup_key"), it.sample.event.fingerprint);
    cr_assert_str_eq(channel_text(body, "payload/severity"), qmon_severity_name(it.sample.event.severity));
    cr_assert_str_eq(channel_text(body, "payload/source"), it.sample.event.host.name);
    cr_assert_str_eq(channel_text(body, "payload/component"), it.sample.event.service.name);
    cr_assert_not_null(strstr(channel_text(body, "payload/summary"), "SIGSEGV"));
    cr_assert_not_null(channel_text(body, "payload/custom_details/Trace"));
    json_object_put(body);
    sink_case_end(&it);
}

Test(pagerduty, an_event_without_a_fingerprint_is_an_incident_of_its_own, .timeout = 30) {
    begin("202");
    it.sample.event.fingerprint[0] = '\0';
    it.sample.event.severity = QMON_SEVERITY_WARNING;
    cr_assert_eq(sink_case_deliver(&it, "pagerduty", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    cr_assert_str_eq(channel_text(body, "dedup_key"), it.sample.event.id);
    cr_assert_str_eq(channel_text(body, "payload/severity"), "warning");
    json_object_put(body);
    sink_case_end(&it);
}

Test(pagerduty, keeps_to_the_limits_with_a_hostile_event, .timeout = 30) {
    begin("202");
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "pagerduty", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    cr_assert_leq(strlen(channel_text(body, "payload/summary")), 1024);
    cr_assert_leq(strlen(channel_text(body, "dedup_key")), 255);
    cr_assert_leq(http_server_seen(it.server, 0)->body_bytes, 512 * 1024);
    json_object_put(body);
    sink_case_end(&it);
}

Test(pagerduty, answers_decide, .timeout = 60) {
    static const struct channel_status statuses[] = {{"202", QMON_DELIVERY_SENT, false}};

    channel_judges(&it, "pagerduty", lines, statuses, 1);
}

Test(pagerduty, a_refused_key_is_a_setting_not_a_bad_event, .timeout = 30) {
    static const struct http_reply reply = {
        .status = 400,
        .body = "{\"status\":\"invalid event\",\"errors\":[\"Length of 'routing_key' is incorrect: SECRET\"]}"};

    begin("ok");
    http_server_script(it.server, &reply, 1);
    cr_assert_eq(sink_case_deliver(&it, "pagerduty", 5000), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_eq(strncmp(it.delivery.reason, "routing-key: ", 13), 0, "%s", it.delivery.reason);
    sink_case_end(&it);
}

Test(pagerduty, wants_no_starts_and_stops, .timeout = 10) {
    static struct sample start;
    const struct qmon_sink *sink = qmon_sink_by_name("pagerduty");

    begin("ok");
    sample_startup(&start);
    cr_assert_not(sink->wants(it.config, &start.event));
    cr_assert(sink->wants(it.config, &it.sample.event));
    sink_case_end(&it);
}

Test(pagerduty, resolves_the_incident_of_a_problem_that_came_no_more, .timeout = 30) {
    static const char *const with_redis[] = {"PAGERDUTY_ROUTING_KEY=SECRET", "REDIS_HOST=cache", NULL};
    const struct qmon_sink *sink = qmon_sink_by_name("pagerduty");

    begin("202");
    it.sample.event.kind = QMON_KIND_LIFECYCLE;
    it.sample.event.lifecycle.phase = "resolved";
    it.sample.event.lifecycle.problem = "ffeeddccbbaa99887766554433221100";
    cr_assert(sink->wants(it.config, &it.sample.event));
    cr_assert_eq(sink_case_deliver(&it, "pagerduty", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    cr_assert_str_eq(channel_text(body, "event_action"), "resolve");
    cr_assert_str_eq(channel_text(body, "dedup_key"), "ffeeddccbbaa99887766554433221100");
    cr_assert_null(channel_at(body, "payload"));
    json_object_put(body);
    it.sample.event.lifecycle.problem = "../../x";
    cr_assert_not(sink->wants(it.config, &it.sample.event), "that is no fingerprint");
    it.sample.event.lifecycle.problem = "ffeeddccbbaa99887766554433221100";
    qmon_config_free(it.config);
    sink_case_configure(&it, with_redis);
    it.sample.event.occurrences.source = NULL;
    cr_assert_not(sink->wants(it.config, &it.sample.event), "other hosts may still see it");
    it.sample.event.occurrences.source = "redis";
    cr_assert(sink->wants(it.config, &it.sample.event), "no other host does");
    sink_case_end(&it);
}
