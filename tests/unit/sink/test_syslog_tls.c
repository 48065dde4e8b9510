/*
 * syslog over TLS, to a server that is not ours. 1. A message arrives whole, and the connection ends as TLS wants it. 2. Nothing is
 * sent to a server whose certificate is not trusted. 3. A server that does not know us is no success, TLS 1.3 or not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <qmon/clock.h>

#include "dial.h"
#include "scratch.h"
#include "service.h"
#include "sink_case.h"

TestSuite(syslog_tls, .timeout = 60);

static struct sink_case it;
static struct scratch scratch;
static struct service server;

static void begin(const char *option) {
    scratch = scratch_make();
    service_certificate(&scratch, "server");
    service_certificate(&scratch, "client");
    const char *arguments[] = {"/usr/bin/python3", QMON_SOURCE_DIR "/tests/support/tools/syslog_tls_server.py",
                               scratch.path, option, NULL};
    server = service_start(&scratch, scratch_path(&scratch, "port"), arguments);
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
}

/* `ca` and `client` are names of certificates; NULL none. */
static void configure(const char *host, const char *ca, const char *client) {
    char texts[4][300];
    const char *lines[] = {texts[0], texts[1], texts[2], texts[3], NULL};

    snprintf(texts[0], sizeof texts[0], "QMON_SYSLOG=tls://%s:%u", host, server.port);
    snprintf(texts[1], sizeof texts[1], "QMON_CA_FILE=%s/%s.pem", scratch.path, ca);
    snprintf(texts[2], sizeof texts[2], "QMON_SYSLOG_TLS_CERT=%s/%s.pem", scratch.path, client ? client : "");
    snprintf(texts[3], sizeof texts[3], "QMON_SYSLOG_TLS_KEY=%s/%s.key", scratch.path, client ? client : "");
    if (!client)
        lines[2] = NULL;
    qmon_config_free(it.config);
    sink_case_configure(&it, lines);
}

static void end(void) {
    service_stop(&server);
    sink_case_end(&it);
    scratch_remove(&scratch);
}

/* The server writes a message once the connection has ended. */
static char *read_when_there(const char *name) {
    char *text = NULL;

    for (uint64_t until_ms = qmon_monotonic_ms() + 10000; !text && qmon_monotonic_ms() < until_ms; usleep(2000))
        text = scratch_read(scratch_path(&scratch, name));
    return text;
}

static void expect_no_message(void) {
    free(read_when_there("broken"));
    cr_expect_null(scratch_read(scratch_path(&scratch, "message-0")));
}

Test(syslog_tls, a_message_arrives_whole) {
    begin(NULL);
    configure("localhost", "server", NULL);
    cr_assert_eq(sink_case_deliver(&it, "syslog", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_eq(sink_case_deliver(&it, "syslog", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    char *first = read_when_there("message-0"), *second = read_when_there("message-1");
    cr_assert(first && second);
    cr_expect_str_eq(first, second);
    cr_expect_eq(strncmp(first, "<26>1 2024-11-20T12:04:01.000000Z web-7 checkout 4711 crash [qmon@32473 ", 72), 0,
                 "%s", first);
    cr_expect_null(scratch_read(scratch_path(&scratch, "broken")), "without good-bye, or no frame");
    free(first);
    free(second);
    end();
}

Test(syslog_tls, nothing_is_sent_to_a_server_that_is_not_trusted) {
    char reason[256];

    begin(NULL);
    configure("localhost", "client", NULL); /* another authority */
    cr_assert_eq(sink_case_deliver(&it, "syslog", 5000), QMON_DELIVERY_RETRY);
    cr_expect_eq(strncmp(it.delivery.reason, "tls: no agreement with localhost: ", 34), 0, "%s", it.delivery.reason);
    cr_expect(it.delivery.misconfigured);
    cr_expect_not(sink_case_check(&it, "syslog", reason, sizeof reason), "%s", reason);
    configure("127.0.0.2", "server", NULL); /* not whom it is made out to */
    cr_assert_eq(sink_case_deliver(&it, "syslog", 5000), QMON_DELIVERY_RETRY);
    expect_no_message();
    end();
}

Test(syslog_tls, a_server_that_wants_to_know_us_gets_our_certificate) {
    char reason[256];

    begin("--client");
    configure("localhost", "server", NULL);
    cr_assert_eq(sink_case_deliver(&it, "syslog", 5000), QMON_DELIVERY_RETRY);
    cr_expect_eq(strncmp(it.delivery.reason, "tls: ", 5), 0, "%s", it.delivery.reason);
    cr_expect_not_null(strstr(it.delivery.reason, "may want a client certificate"), "%s", it.delivery.reason);
    cr_expect_not(sink_case_check(&it, "syslog", reason, sizeof reason), "%s", reason);
    expect_no_message();
    configure("localhost", "server", "client");
    cr_assert_eq(sink_case_deliver(&it, "syslog", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_expect(sink_case_check(&it, "syslog", reason, sizeof reason), "%s", reason);
    char *text = read_when_there("message-0");
    cr_assert_not_null(text);
    free(text);
    end();
}

Test(syslog_tls, a_silent_server_costs_no_more_than_the_time_out) {
    begin(NULL);
    http_server_script_words(it.server, "hang*9");
    server.port = http_server_port(it.server);
    configure("127.0.0.1", "server", NULL);
    cr_expect_eq(sink_case_deliver(&it, "syslog", 400), QMON_DELIVERY_RETRY);
    cr_expect_eq(strncmp(it.delivery.reason, "timeout: ", 9), 0, "%s", it.delivery.reason);
    cr_expect_lt(it.took_ms, 1500);
    end();
}
