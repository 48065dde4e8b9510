#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const lines[] = {"OPSGENIE_API_KEY=SECRET-key", "OPSGENIE_API_URL=@", NULL};

static void begin(const char *script) {
    sink_case_begin(&it, HTTP_TLS_NONE, script);
    sink_case_configure(&it, lines);
}

/* Opsgenie's published limits, in characters; bytes are never fewer. */
static void check_limits(struct json_object *body) {
    static const struct {
        const char *name;
        size_t most;
    } limits[] = {{"message", 130}, {"alias", 512}, {"description", 15000}, {"source", 100}, {"entity", 512}};
    struct json_object *tags = channel_at(body, "tags");
    size_t total = 0;

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        cr_assert_leq(strlen(channel_text(body, limits[i].name)), limits[i].most, "%s", limits[i].name);
    cr_assert_leq(json_object_array_length(tags), 20);
    for (size_t i = 0; i < json_object_array_length(tags); i++)
        cr_assert_leq(strlen(json_object_get_string(json_object_array_get_idx(tags, i))), 50);
    json_object_object_foreach(channel_at(body, "details"), name, value) total +=
        strlen(name) + strlen(json_object_get_string(value));
    cr_assert_leq(total, 8000);
}

Test(opsgenie, opens_an_alert_by_its_fingerprint, .timeout = 30) {
    char value[64];

    begin("text:{\"requestId\":\"43a29c5c-3dbf-4fa4-9c26-f4f71023e120\"}");
    cr_assert_eq(sink_case_deliver(&it, "opsgenie", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(it.delivery.remote_id, "43a29c5c-3dbf-4fa4-9c26-f4f71023e120");
    const struct http_seen *seen = http_server_seen(it.server, 0);
    cr_assert_str_eq(seen->path, "/v2/alerts");
    cr_assert(http_seen_header(seen, "Authorization", value, sizeof value));
    cr_assert_str_eq(value, "GenieKey SECRET-key");
    cr_assert(http_seen_header(seen, "X-Qmon-Event-Id", value, sizeof value));
    cr_assert_str_eq(value, it.sample.event.id);
    struct json_object *body = channel_body(&it);
    check_limits(body);
    cr_assert_str_eq(channel_text(body, "alias"), it.sample.event.fingerprint);
    cr_assert_str_eq(channel_text(body, "priority"), "P1");
    cr_assert_str_eq(channel_text(body, "entity"), "checkout");
    cr_assert_str_eq(channel_text(body, "details/Event"), it.sample.event.id);
    cr_assert_not_null(strstr(channel_text(body, "description"), "parse_header"));
    json_object_put(body);
    sink_case_end(&it);
}

Test(opsgenie, keeps_to_the_limits_with_hostile_text, .timeout = 30) {
    begin("202");
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "opsgenie", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    check_limits(body);
    json_object_put(body);
    sink_case_end(&it);
}

Test(opsgenie, wakes_nobody_for_a_start, .timeout = 10) {
    begin("ok");
    it.sample.event.kind = QMON_KIND_LIFECYCLE;
    cr_assert_not(qmon_sink_by_name("opsgenie")->wants(it.config, &it.sample.event));
    it.sample.event.kind = QMON_KIND_EXIT;
    cr_assert(qmon_sink_by_name("opsgenie")->wants(it.config, &it.sample.event));
    sink_case_end(&it);
}

Test(opsgenie, answers_decide, .timeout = 60) {
    static const struct channel_status statuses[] = {{"202", QMON_DELIVERY_SENT, false}};

    channel_judges(&it, "opsgenie", lines, statuses, 1);
}

Test(opsgenie, a_check_reads_and_sends_nothing, .timeout = 30) {
    char reason[256];

    begin("200,403,401");
    cr_assert(sink_case_check(&it, "opsgenie", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->method, "GET");
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/v2/alerts/count");
    cr_assert(sink_case_check(&it, "opsgenie", reason, sizeof reason), "%s", reason);
    cr_assert_not(sink_case_check(&it, "opsgenie", reason, sizeof reason));
    cr_assert_eq(strncmp(reason, "http-401: ", 10), 0, "%s", reason);
    sink_case_end(&it);
}

Test(opsgenie, closes_the_alert_of_a_problem_that_came_no_more, .timeout = 30) {
    begin("202");
    it.sample.event.kind = QMON_KIND_LIFECYCLE;
    it.sample.event.lifecycle.phase = "resolved";
    it.sample.event.lifecycle.problem = "ffeeddccbbaa99887766554433221100";
    cr_assert(qmon_sink_by_name("opsgenie")->wants(it.config, &it.sample.event));
    cr_assert_eq(sink_case_deliver(&it, "opsgenie", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->path,
                     "/v2/alerts/ffeeddccbbaa99887766554433221100/close?identifierType=alias");
    struct json_object *body = channel_body(&it);
    cr_assert_not_null(channel_at(body, "note"));
    cr_assert_null(channel_at(body, "alias"));
    json_object_put(body);
    sink_case_end(&it);
}
