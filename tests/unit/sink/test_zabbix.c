/* A trapper of the test's own, which takes the protocol apart byte by byte. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "channel_case.h"

TestSuite(zabbix, .timeout = 30);

static struct sink_case it;
static struct trapper {
    int fd;
    uint16_t port;
    const char *answer; /* JSON; NULL: closes without a word; "": never answers */
    size_t prefix_bytes;
    char prefix[16]; /* in place of the protocol's own */
    unsigned char request[1 << 17];
    size_t bytes;
    pthread_t thread;
} trapper;

static void take(int fd, unsigned char *at, size_t bytes) {
    for (size_t got = 0; got < bytes;) {
        ssize_t n = recv(fd, at + got, bytes - got, 0);
        if (n <= 0)
            return;
        got += (size_t) n;
    }
}

static void *serve(void *unused) {
    unsigned char head[13] = "ZBXD\1";
    int fd = accept(trapper.fd, NULL, NULL);

    take(fd, trapper.request, 13);
    trapper.bytes = trapper.request[5] | (size_t) trapper.request[6] << 8 | (size_t) trapper.request[7] << 16;
    take(fd, trapper.request + 13, trapper.bytes);
    if (trapper.answer && !trapper.answer[0]) {
        char byte;
        while (recv(fd, &byte, 1, 0) > 0)
            ;
    } else if (trapper.answer) {
        size_t bytes = strlen(trapper.answer);
        head[5] = (unsigned char) bytes;
        head[6] = (unsigned char) (bytes >> 8);
        if (trapper.prefix_bytes)
            memcpy(head, trapper.prefix, trapper.prefix_bytes);
        send(fd, head, sizeof head, MSG_NOSIGNAL);
        send(fd, trapper.answer, bytes, MSG_NOSIGNAL);
    }
    close(fd);
    return unused;
}

static void begin(const char *answer) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    char line[100];
    const char *const lines[] = {line, NULL};

    trapper = (struct trapper){.answer = answer, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    cr_assert_eq(bind(trapper.fd, (struct sockaddr *) &address, bytes), 0);
    cr_assert_eq(listen(trapper.fd, 5), 0);
    cr_assert_eq(getsockname(trapper.fd, (struct sockaddr *) &address, &bytes), 0);
    trapper.port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&trapper.thread, NULL, serve, NULL), 0);
    snprintf(line, sizeof line, "QMON_ZABBIX_SERVER=127.0.0.1:%u", trapper.port);
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
}

static void end(void) {
    pthread_join(trapper.thread, NULL);
    close(trapper.fd);
    sink_case_end(&it);
}

#define TAKEN "{\"response\":\"success\",\"info\":\"processed: 1; failed: 0; total: 1; seconds spent: 0.000055\"}"

Test(zabbix, sends_a_value_to_the_trapper_item) {
    static const unsigned char head[5] = "ZBXD\1";

    begin(TAKEN);
    cr_assert_eq(sink_case_deliver(&it, "zabbix", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    end();
    cr_assert_arr_eq(trapper.request, head, 5);
    cr_assert_eq(memcmp(trapper.request + 9, "\0\0\0\0", 4), 0);
    cr_assert_eq(strlen((char *) trapper.request + 13), trapper.bytes, "the length is another");
    struct json_object *root = json_tokener_parse((char *) trapper.request + 13);
    cr_assert_str_eq(channel_text(root, "request"), "sender data");
    cr_assert_str_eq(channel_text(root, "data/0/host"), "web-7");
    cr_assert_str_eq(channel_text(root, "data/0/key"), "qmon.event");
    cr_assert_eq(json_object_get_int64(channel_at(root, "data/0/clock")), 1732104241);
    struct json_object *value = json_tokener_parse(channel_text(root, "data/0/value"));
    cr_assert_str_eq(channel_text(value, "id"), it.sample.event.id);
    cr_assert_str_eq(channel_text(value, "severity"), "critical");
    cr_assert_str_eq(channel_text(value, "title"), "SIGSEGV in parse_header (http.c:212)");
    json_object_put(value);
    json_object_put(root);
}

Test(zabbix, a_hostile_value_fits_into_a_text_item) {
    begin(TAKEN);
    sample_hostile(&it.sample);
    cr_assert_eq(sink_case_deliver(&it, "zabbix", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    end();
    struct json_object *root = json_tokener_parse((char *) trapper.request + 13);
    cr_assert_leq(strlen(channel_text(root, "data/0/value")), 65535);
    json_object_put(root);
}

Test(zabbix, believes_only_that_the_value_was_processed) {
    static const struct {
        const char *answer, *class;
        bool misconfigured;
    } cases[] = {
        {"{\"response\":\"success\",\"info\":\"processed: 0; failed: 1; total: 1; seconds spent: 0.1\"}",
         "zabbix-item: ", true},
        {"{\"response\":\"failed\",\"info\":\"host is not allowed\"}", "zabbix-failed: host is not allowed", true},
        {"[[[", "protocol: ", true},
        {"{}", "protocol: ", true},
        {NULL, "closed: ", false},
        {"", "timeout: ", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(cases[i].answer);
        cr_expect_eq(sink_case_deliver(&it, "zabbix", 400), QMON_DELIVERY_RETRY, "%zu", i);
        cr_expect_eq(strncmp(it.delivery.reason, cases[i].class, strlen(cases[i].class)), 0, "%s", it.delivery.reason);
        cr_expect_eq(it.delivery.misconfigured, cases[i].misconfigured, "%s", it.delivery.reason);
        cr_expect_lt(it.took_ms, 1300);
        end();
    }
}

Test(zabbix, lengths_that_lie_are_not_believed) {
    begin(TAKEN);
    memcpy(trapper.prefix, "ZBXD\1\xff\xff\xff\x7f", trapper.prefix_bytes = 9);
    cr_assert_eq(sink_case_deliver(&it, "zabbix", 2000), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "protocol: ", 10), 0, "%s", it.delivery.reason);
    end();
}

Test(zabbix, a_check_sends_no_value) {
    char reason[256];

    begin("{\"response\":\"success\",\"info\":\"processed: 0; failed: 0; total: 0; seconds spent: 0.1\"}");
    cr_assert(sink_case_check(&it, "zabbix", reason, sizeof reason), "%s", reason);
    end();
    cr_assert_str_eq((char *) trapper.request + 13, "{\"request\":\"sender data\",\"data\":[]}");
}

Test(zabbix, says_that_nobody_is_there) {
    char line[100];
    const char *const lines[] = {line, NULL};

    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    snprintf(line, sizeof line, "QMON_ZABBIX_SERVER=127.0.0.1:%u", http_closed_port());
    sink_case_configure(&it, lines);
    cr_assert_eq(sink_case_deliver(&it, "zabbix", 2000), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "connect: ", 9), 0, "%s", it.delivery.reason);
    sink_case_end(&it);
}
