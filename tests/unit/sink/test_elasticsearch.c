#include <string.h>

#include <criterion/criterion.h>

#include "channel_case.h"

static struct sink_case it;
static const char *const lines[] = {"ELASTICSEARCH_URL=@", "ELASTICSEARCH_API_KEY=SECRETkey==", NULL};

static void begin(const char *const *settings, const char *body) {
    struct http_reply reply = {.body = body};

    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    http_server_script(it.server, &reply, 1);
    sink_case_configure(&it, settings);
}

#define ITEM(status, rest)                                                                                             \
    "{\"took\":3,\"errors\":false,\"items\":[{\"create\":{\"_id\":\"x\",\"status\":" status rest "}}]}"

/* A _bulk body is lines: the action, the document, and a line break at the end. */
static struct json_object *document(void) {
    const struct http_seen *seen = http_server_seen(it.server, 0);
    const char *second = strchr(seen->body, '\n') + 1;
    struct json_object *action = json_tokener_parse(seen->body), *root;

    cr_assert_str_eq(channel_text(action, "create/_id"), it.sample.event.id);
    cr_assert_eq(strchr(second, '\n'), seen->body + seen->body_bytes - 1);
    root = json_tokener_parse(second);
    cr_assert_not_null(root);
    json_object_put(action);
    return root;
}

Test(elasticsearch, creates_a_document_with_the_names_of_ecs, .timeout = 30) {
    char value[64];

    begin(lines, ITEM("201", ""));
    cr_assert_eq(sink_case_deliver(&it, "elasticsearch", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    const struct http_seen *seen = http_server_seen(it.server, 0);
    cr_assert_str_eq(seen->path, "/qmon-events/_bulk");
    cr_assert(http_seen_header(seen, "Content-Type", value, sizeof value));
    cr_assert_str_eq(value, "application/x-ndjson");
    cr_assert(http_seen_header(seen, "Authorization", value, sizeof value));
    cr_assert_str_eq(value, "ApiKey SECRETkey==");
    struct json_object *root = document();
    static const char *const texts[][2] = {
        {"@timestamp", "2024-11-20T12:04:01.000Z"},
        {"event/id", "01934a1c-7e10-7a2b-8c3d-4e5f60718293"},
        {"event/kind", "alert"},
        {"event/category/0", "process"},
        {"event/code", "SIGSEGV"},
        {"log/level", "fatal"},
        {"error/type", "SIGSEGV"},
        {"service/name", "checkout"},
        {"service/environment", "production"},
        {"service/version", "1.4.2"},
        {"host/hostname", "web-7"},
        {"process/executable", "/usr/bin/checkout"},
        {"qmon/fingerprint", "00112233445566778899aabbccddeeff"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_assert_str_eq(channel_text(root, texts[i][0]), texts[i][1]);
    cr_assert_eq(json_object_get_int(channel_at(root, "process/pid")), 4711);
    cr_assert_not_null(strstr(channel_text(root, "error/stack_trace"), "parse_header"));
    json_object_put(root);
    sink_case_end(&it);
}

Test(elasticsearch, hostile_text_stays_one_document, .timeout = 30) {
    begin(lines, ITEM("201", ""));
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "elasticsearch", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    json_object_put(document());
    sink_case_end(&it);
}

Test(elasticsearch, the_status_of_the_item_decides_not_that_of_the_answer, .timeout = 30) {
    static const struct {
        const char *body, *class;
        enum qmon_delivery_verdict verdict;
        bool misconfigured;
    } cases[] = {
        {ITEM("201", ""), "", QMON_DELIVERY_SENT, false},
        {ITEM("409", ",\"error\":{\"type\":\"version_conflict_engine_exception\"}"), "", QMON_DELIVERY_SENT, false},
        {ITEM("400", ",\"error\":{\"type\":\"mapper_parsing_exception\"}"),
         "item-400: the index does not take the document: mapper_parsing_exception", QMON_DELIVERY_REJECTED, false},
        {ITEM("429", ",\"error\":{\"type\":\"es_rejected_execution_exception\"}"), "item-429: ", QMON_DELIVERY_RETRY,
         false},
        {ITEM("503", ""), "item-503: ", QMON_DELIVERY_RETRY, false},
        {ITEM("403", ",\"error\":{\"type\":\"cluster_block_exception\"}"), "item-403: ", QMON_DELIVERY_RETRY, true},
        {ITEM("404", ",\"error\":{\"type\":7}"), "item-404: ", QMON_DELIVERY_RETRY, true},
        {"<html>proxy</html>", "protocol: ", QMON_DELIVERY_RETRY, true},
        {"{\"items\":[]}", "protocol: ", QMON_DELIVERY_RETRY, true},
        {"{\"items\":[{\"index\":{\"status\":201}}]}", "protocol: ", QMON_DELIVERY_RETRY, true},
        {"[[[[", "protocol: ", QMON_DELIVERY_RETRY, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(lines, cases[i].body);
        cr_assert_eq(sink_case_deliver(&it, "elasticsearch", 5000), cases[i].verdict, "%s", cases[i].body);
        cr_assert_eq(it.delivery.misconfigured, cases[i].misconfigured, "%s", cases[i].body);
        cr_assert_eq(strncmp(it.delivery.reason, cases[i].class, strlen(cases[i].class)), 0, "%s", it.delivery.reason);
        sink_case_end(&it);
    }
}

Test(elasticsearch, a_user_and_password_do_in_place_of_a_key, .timeout = 30) {
    static const char *const basic[] = {"ELASTICSEARCH_URL=@", "ELASTICSEARCH_USERNAME=Aladdin",
                                        "ELASTICSEARCH_PASSWORD=open sesame", "ELASTICSEARCH_INDEX=logs-qmon.1", NULL};
    char value[64];

    begin(basic, ITEM("201", ""));
    cr_assert_eq(sink_case_deliver(&it, "elasticsearch", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/logs-qmon.1/_bulk");
    cr_assert(http_seen_header(http_server_seen(it.server, 0), "Authorization", value, sizeof value));
    cr_assert_str_eq(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    sink_case_end(&it);
}

Test(elasticsearch, an_index_that_is_none_is_said_so, .timeout = 30) {
    static const char *const settings[] = {"ELASTICSEARCH_URL=@", "ELASTICSEARCH_INDEX=../_all", NULL};
    char reason[256];

    begin(settings, NULL);
    cr_assert_eq(sink_case_deliver(&it, "elasticsearch", 5000), QMON_DELIVERY_RETRY);
    cr_assert(it.delivery.misconfigured);
    cr_assert_not(sink_case_check(&it, "elasticsearch", reason, sizeof reason));
    cr_assert_not_null(strstr(reason, "ELASTICSEARCH_INDEX"));
    cr_assert_eq(http_server_count(it.server), 0);
    sink_case_end(&it);
}

Test(elasticsearch, a_check_asks_who_is_there, .timeout = 30) {
    char reason[256];

    begin(lines, "{}");
    cr_assert(sink_case_check(&it, "elasticsearch", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(http_server_seen(it.server, 0)->method, "GET");
    cr_assert_str_eq(http_server_seen(it.server, 0)->path, "/");
    sink_case_end(&it);
}
