#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const lines[] = {"ALERTMANAGER_URL=@prefix/", NULL};

static void begin(const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

Test(alertmanager, posts_one_alert_whose_labels_say_which_it_is, .timeout = 30) {
    begin("200");
    cr_assert_eq(sink_case_deliver(&it, "alertmanager", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/prefix/api/v2/alerts");
    struct json_object *body = channel_body(&it);
    cr_assert_eq(json_object_array_length(body), 1);
    cr_assert_str_eq(channel_text(body, "0/labels/alertname"), "QmonCrash");
    cr_assert_str_eq(channel_text(body, "0/labels/severity"), qmon_severity_name(it.sample.event.severity));
    cr_assert_str_eq(channel_text(body, "0/labels/host"), it.sample.event.host.name);
    cr_assert_str_eq(channel_text(body, "0/labels/fingerprint"), it.sample.event.fingerprint);
    cr_assert_not_null(strstr(channel_text(body, "0/annotations/summary"), "SIGSEGV"));
    cr_assert_str_eq(channel_text(body, "0/annotations/how_often"), "first alert");
    cr_assert_str_eq(channel_text(body, "0/annotations/event"), it.sample.event.id);
    cr_assert_null(channel_at(body, "0/endsAt"));
    json_object_put(body);
    sink_case_end(&it);
}

Test(alertmanager, repeats_differ_in_no_label, .timeout = 30) {
    begin("200*2");
    cr_assert_eq(sink_case_deliver(&it, "alertmanager", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *first = channel_body(&it);
    it.sample.event.process.pid++;
    it.sample.event.time_ns += 5000000000;
    it.sample.event.occurrences.suppressed = 41;
    it.sample.event.id[0] = 'f';
    cr_assert_eq(sink_case_deliver(&it, "alertmanager", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *second = channel_body(&it);
    cr_assert(json_object_equal(channel_at(first, "0/labels"), channel_at(second, "0/labels")));
    cr_assert_not(json_object_equal(channel_at(first, "0/annotations"), channel_at(second, "0/annotations")));
    json_object_put(first);
    json_object_put(second);
    sink_case_end(&it);
}

Test(alertmanager, labels_stay_short_with_a_hostile_event, .timeout = 30) {
    begin("200");
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "alertmanager", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    json_object_object_foreach(channel_at(body, "0/labels"), name, value) {
        size_t length = strlen(json_object_get_string(value));
        cr_assert(length > 0 && length < 250, "%s has %zu bytes", name, length);
    }
    cr_assert_leq(http_server_seen(it.server, 0)->body_bytes, 64 * 1024);
    json_object_put(body);
    sink_case_end(&it);
}

Test(alertmanager, answers_decide, .timeout = 60) {
    static const struct channel_status statuses[] = {{"200", QMON_DELIVERY_SENT, false}};

    channel_judges(&it, "alertmanager", lines, statuses, 1);
}

Test(alertmanager, a_check_asks_for_its_status, .timeout = 30) {
    char reason[256];

    begin("200,503");
    cr_assert(sink_case_check(&it, "alertmanager", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/prefix/api/v2/status");
    cr_assert_not(sink_case_check(&it, "alertmanager", reason, sizeof reason));
    cr_assert_eq(strncmp(reason, "http-503: ", 10), 0, "%s", reason);
    sink_case_end(&it);
}

Test(alertmanager, wants_no_starts_and_stops, .timeout = 10) {
    static struct sample start;

    begin("ok");
    sample_startup(&start);
    cr_assert_not(qmon_sink_by_name("alertmanager")->wants(it.config, &start.event));
    cr_assert(qmon_sink_by_name("alertmanager")->wants(it.config, &it.sample.event));
    sink_case_end(&it);
}
