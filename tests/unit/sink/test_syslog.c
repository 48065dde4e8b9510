/* Messages as a receiver gets them, on each of the ways, read by a parser of RFC 5424's grammar that is this test's own. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <qmon/text.h>

#include "scratch.h"
#include "sink_case.h"
#include "syslog_render.h"

TestSuite(syslog, .timeout = 30);

static struct sink_case it;

static void configure(const char *url) {
    char line[300];
    const char *const lines[] = {line, "QMON_SYSLOG_FACILITY=local3", NULL};

    snprintf(line, sizeof line, "QMON_SYSLOG=%s", url);
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
}

/* Past a field of printable ASCII and the blank behind it. */
static const char *field(const char *at, size_t most) {
    size_t bytes = 0;

    while (at[bytes] > ' ' && at[bytes] <= '~')
        bytes++;
    cr_assert(bytes > 0 && bytes <= most && at[bytes] == ' ', "no field: %.40s", at);
    return at + bytes + 1;
}

/* Past SP SD-NAME="VALUE"; counts it. */
static const char *parameter(const char *at, size_t *count) {
    at++;
    while (*at > ' ' && *at <= '~' && !strchr("=]\"", *at))
        at++;
    cr_assert_eq(strncmp(at, "=\"", 2), 0, "no parameter: %.40s", at);
    for (at += 2; *at != '"'; at++) {
        cr_assert(*at && *at != ']', "a bare bracket or no end");
        if (*at == '\\')
            at++;
    }
    ++*count;
    return at + 1;
}

/* Returns the message, behind its byte order mark. */
static const char *check_grammar(const char *text) {
    size_t count = 0;
    int priority = -1, used = 0;

    cr_assert_eq(sscanf(text, "<%3d>1 %n", &priority, &used), 1);
    cr_assert(priority >= 0 && priority <= 191);
    const char *at = field(text + used, 32);
    at = field(at, 255);
    at = field(at, 48);
    at = field(at, 128);
    at = field(at, 32);
    cr_assert_eq(strncmp(at, "[qmon@32473 ", 12), 0, "%s", at);
    for (at += 11; *at == ' ';)
        at = parameter(at, &count);
    cr_assert_eq(strncmp(at, "] \xef\xbb\xbf", 5), 0, "%s", at);
    cr_assert_gt(count, 4);
    for (const char *c = at; *c; c++)
        cr_assert((unsigned char) *c >= ' ' && *c != 0x7f);
    for (size_t i = 0, bytes = strlen(text), length; i < bytes; i += length) {
        uint32_t code;
        length = qmon_utf8_step(text + i, bytes - i, &code);
        cr_assert_gt(length, 0, "no UTF-8");
    }
    cr_assert_lt(strlen(text), QMON__SYSLOG_BYTES);
    return at + 5;
}

static void check_crash(const char *text) {
    static const char head[] = "<154>1 2024-11-20T12:04:01.000000Z web-7 checkout 4711 crash [qmon@32473 "
                               "id=\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\" kind=\"crash\" severity=\"critical\"";

    cr_assert_eq(strncmp(text, head, sizeof head - 1), 0, "%s", text);
    cr_assert_not_null(strstr(text, " function=\"trim\""));
    const char *words = check_grammar(text);
    cr_assert_eq(strncmp(words, "SIGSEGV in parse_header (http.c:212): Read of address 0x8", 57), 0, "%s", words);
}

static int bound(int family, int type, const struct sockaddr *address, socklen_t bytes) {
    int fd = socket(family, type | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, address, bytes), 0);
    if (type == SOCK_STREAM)
        cr_assert_eq(listen(fd, 5), 0);
    return fd;
}

static int bound_to_path(const char *path, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(address.sun_path, path);
    return bound(AF_UNIX, type, (struct sockaddr *) &address, sizeof address);
}

static int bound_to_port(int type, uint16_t *ret_port) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t bytes = sizeof address;
    int fd = bound(AF_INET6, type, (struct sockaddr *) &address, bytes);

    cr_assert_eq(getsockname(fd, (struct sockaddr *) &address, &bytes), 0);
    *ret_port = ntohs(address.sin6_port);
    return fd;
}

static void receive(int fd, char *ret_text, size_t bytes) {
    ssize_t n, used = 0;

    while ((n = recv(fd, ret_text + used, bytes - 1 - (size_t) used, MSG_DONTWAIT)) > 0)
        used += n;
    ret_text[used] = '\0';
    cr_assert_gt(used, 0);
}

Test(syslog, speaks_to_the_daemon_of_the_host) {
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    char url[200], text[4096];

    for (size_t i = 0; i < 2; i++) {
        struct scratch scratch = scratch_make();
        int fd = bound_to_path(scratch_path(&scratch, "log"), types[i]), from = fd;
        snprintf(url, sizeof url, "unix://%s", scratch_path(&scratch, "log"));
        configure(url);
        cr_assert_eq(sink_case_deliver(&it, "syslog", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
        if (types[i] == SOCK_STREAM)
            from = accept(fd, NULL, NULL);
        receive(from, text, sizeof text);
        check_crash(text);
        sink_case_end(&it);
        scratch_remove(&scratch);
    }
}

Test(syslog, speaks_udp_and_tcp_by_ipv6_too) {
    char url[100], text[4096], *rest;
    uint16_t port;

    int fd = bound_to_port(SOCK_DGRAM, &port);
    snprintf(url, sizeof url, "udp://[::1]:%u", port);
    configure(url);
    cr_assert_eq(sink_case_deliver(&it, "syslog", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    receive(fd, text, sizeof text);
    check_crash(text);
    sink_case_end(&it);

    fd = bound_to_port(SOCK_STREAM, &port);
    snprintf(url, sizeof url, "tcp://[::1]:%u", port);
    configure(url);
    cr_assert_eq(sink_case_deliver(&it, "syslog", 400), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    receive(accept(fd, NULL, NULL), text, sizeof text);
    cr_assert_eq(strtoul(text, &rest, 10), strlen(rest + 1), "the count of octets is another");
    check_crash(rest + 1);
    sink_case_end(&it);
}

Test(syslog, hostile_text_breaks_no_grammar) {
    char text[QMON__SYSLOG_BYTES];

    sample_hostile(&it.sample);
    cr_assert_eq(qmon__syslog_render(&it.sample.event, 23, text), strlen(text));
    check_grammar(text);
    it.sample.event.service.name = "a b]\"\\\n\xc3\xa4";
    it.sample.event.code = "]\"\\ x=\"";
    it.sample.event.host.name = "";
    cr_assert_eq(qmon__syslog_render(&it.sample.event, 1, text), strlen(text));
    check_grammar(text);
}

Test(syslog, notices_that_nobody_listens) {
    static const char *const forms[] = {"udp://127.0.0.1:%u", "tcp://127.0.0.1:%u", "unix:///nonexistent/%u"};
    char url[100], reason[256];

    for (size_t i = 0; i < 3; i++) {
        snprintf(url, sizeof url, forms[i], http_closed_port());
        configure(url);
        cr_expect_eq(sink_case_deliver(&it, "syslog", 2000), QMON_DELIVERY_RETRY, "%s", url);
        cr_expect_eq(strncmp(it.delivery.reason, "connect: ", 9), 0, "%s: %s", url, it.delivery.reason);
        cr_expect(it.delivery.sink_down);
        if (i > 0) /* that nobody listens at a UDP port, only a message shows */
            cr_expect_not(sink_case_check(&it, "syslog", reason, sizeof reason), "%s", reason);
        sink_case_end(&it);
    }
}

Test(syslog, settings_that_are_none_are_said_so) {
    static const char *const urls[] = {"http://127.0.0.1", "udp://", "tcp://host:port", "udp://[::1", "somewhere"};
    static const char *const lines[] = {"QMON_SYSLOG=local", "QMON_SYSLOG_FACILITY=lokal", NULL};
    char reason[256];

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        configure(urls[i]);
        cr_expect_eq(sink_case_deliver(&it, "syslog", 2000), QMON_DELIVERY_RETRY, "%s", urls[i]);
        cr_expect(it.delivery.misconfigured, "%s", urls[i]);
        cr_expect_eq(strncmp(it.delivery.reason, "bad-url: ", 9), 0, "%s", it.delivery.reason);
        sink_case_end(&it);
    }
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
    cr_expect_eq(sink_case_deliver(&it, "syslog", 2000), QMON_DELIVERY_RETRY);
    cr_expect_eq(strncmp(it.delivery.reason, "bad-facility: ", 14), 0, "%s", it.delivery.reason);
    cr_expect_not(sink_case_check(&it, "syslog", reason, sizeof reason));
    sink_case_end(&it);
}
