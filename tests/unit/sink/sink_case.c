#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "sink_case.h"

#define MOST_LINES 16

void sink_case_begin(struct sink_case *it, enum http_tls tls, const char *script) {
    struct http_server_options options = {.tls = tls, .respond = slack_mock_respond, .context = &it->slack};

    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("SSL_CERT_FILE");
    unsetenv("CURL_CA_BUNDLE");
    it->server = http_server_start(&options);
    cr_assert_not_null(it->server);
    cr_assert(http_server_script_words(it->server, script));
    sample_crash(&it->sample);
    sample_trace(&it->sample);
}

void sink_case_configure(struct sink_case *it, const char *const *lines) {
    char *environment[MOST_LINES + 1] = {0};
    const char *here = http_server_url(it->server, "");

    for (size_t i = 0; lines[i]; i++) {
        const char *equals = strchr(lines[i], '=');
        const char *at = equals && equals[1] == '@' ? equals + 1 : NULL;
        int head = at ? (int) (at - lines[i]) : (int) strlen(lines[i]);
        cr_assert_lt(i, MOST_LINES);
        cr_assert_geq(asprintf(&environment[i], "%.*s%s%s", head, lines[i], at ? here : "", at ? at + 1 : ""), 0);
    }
    it->config = qmon_config_load(environment);
    cr_assert_not_null(it->config);
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
}

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

enum qmon_delivery_verdict sink_case_deliver(struct sink_case *it, const char *name, uint64_t timeout_ms) {
    const struct qmon_sink *sink = qmon_sink_by_name(name);
    struct qmon_sink_context context = {.config = it->config, .timeout_ms = timeout_ms, .state_in = it->state_in};
    uint64_t begin_ms = now_ms();

    context.attempts = it->attempts;
    cr_assert_not_null(sink);
    cr_assert(sink->configured(it->config));
    char json[128];
    snprintf(json, sizeof json, "{\"schema\":\"qmon.event/1\",\"id\":\"%s\"}", it->sample.event.id);
    memset(&it->delivery, 0xee, sizeof it->delivery); /* a sink fills it always */
    sink->deliver(&context, &it->sample.event, json, &it->delivery);
    it->took_ms = now_ms() - begin_ms;
    cr_assert_null(strstr(it->delivery.reason, "xoxb-"), "%s", it->delivery.reason);
    cr_assert_null(strstr(it->delivery.reason, "SECRET"), "%s", it->delivery.reason);
    cr_assert_eq(it->delivery.verdict == QMON_DELIVERY_SENT, it->delivery.reason[0] == '\0', "%s", it->delivery.reason);
    return it->delivery.verdict;
}

bool sink_case_check(struct sink_case *it, const char *name, char *ret_reason, size_t bytes) {
    struct qmon_sink_context context = {.config = it->config, .timeout_ms = 2000};

    ret_reason[0] = '\0';
    bool fine = qmon_sink_by_name(name)->check(&context, ret_reason, bytes);
    cr_assert_neq(ret_reason[0], '\0');
    cr_assert_null(strstr(ret_reason, "SECRET"), "%s", ret_reason);
    return fine;
}

void sink_case_end(struct sink_case *it) {
    http_server_stop(it->server);
    qmon_config_free(it->config);
}
