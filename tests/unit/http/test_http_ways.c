/* The ways to a server: through proxies of each kind, past them, and by IPv6. The target speaks TLS throughout. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <qmon/http.h>

#include "http_server.h"
#include "scratch.h"
#include "service.h"

TestSuite(http_ways, .timeout = 60);

static struct scratch scratch;
static struct service proxy;
static struct http_server *server;
static struct qmon__http_response response;
static const char *ca_name = "both.pem";

static void forget_proxies(void) {
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY",    "SSL_CERT_FILE"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

static void begin(const char *first, const char *second) {
    struct http_server_options options = {.tls = HTTP_TLS_GOOD};
    char path[512];

    forget_proxies();
    scratch = scratch_make();
    server = http_server_start(&options);
    char *target = scratch_read(http_server_ca(server)), *own = scratch_read(service_certificate(&scratch, "proxy"));
    char both[20000];
    snprintf(both, sizeof both, "%s%s", target, own);
    scratch_write(&scratch, "both.pem", both);
    free(target);
    free(own);
    snprintf(path, sizeof path, "%s/tests/support/tools/proxy.py", QMON_SOURCE_DIR);
    const char *arguments[] = {"/usr/bin/python3", path, scratch.path, first, second, NULL};
    proxy = service_start(&scratch, scratch_path(&scratch, "port"), arguments);
}

static void end(void) {
    qmon__http_clear(&response);
    service_stop(&proxy);
    http_server_stop(server);
    scratch_remove(&scratch);
}

static bool post_to(const char *host) {
    char url[100], ca[SCRATCH_BYTES + 16];
    struct qmon__http_request request = {
        .method = "POST", .url = url, .body = "{}", .body_bytes = 2, .timeout_ms = 3000};

    snprintf(url, sizeof url, "https://%s:%u/hook", host, http_server_port(server));
    snprintf(ca, sizeof ca, "%s/%s", scratch.path, ca_name);
    request.ca_file = ca;
    qmon__http_clear(&response);
    return qmon__http_send(&request, &response);
}

/* NAME=FORM with the proxy's port. */
static void set_proxy(const char *name, const char *form) {
    char value[100];

    forget_proxies();
    snprintf(value, sizeof value, form, proxy.port);
    setenv(name, value, 1);
}

/* How often the proxy was asked in this way. */
static unsigned asked(const char *kind, const char *host) {
    char line[100], *text = scratch_read(scratch_path(&scratch, "connections"));
    unsigned count = 0;

    snprintf(line, sizeof line, "%s %s %u\n", kind, host, http_server_port(server));
    for (const char *at = text; at && (at = strstr(at, line)); at++)
        count++;
    free(text);
    return count;
}

Test(http_ways, leads_through_proxies_of_every_kind) {
    static const struct {
        const char *name, *form, *target; /* a connection that is kept would be used again */
        const char *kind, *host;
    } ways[] = {
        {"https_proxy", "http://127.0.0.1:%u", "localhost", "connect", "localhost"},
        {"HTTPS_PROXY", "http://localhost:%u/", "localhost", "connect", "localhost"},
        {"all_proxy", "127.0.0.1:%u", "127.0.0.1", "connect", "127.0.0.1"},
        {"https_proxy", "socks5h://127.0.0.1:%u", "localhost", "socks5", "localhost"},
        {"ALL_PROXY", "socks5://127.0.0.1:%u", "127.0.0.1", "socks5", "127.0.0.1"},
        {"all_proxy", "socks4a://127.0.0.1:%u", "localhost", "socks4", "localhost"},
    };

    begin(NULL, NULL);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        unsigned before = asked(ways[i].kind, ways[i].host);
        set_proxy(ways[i].name, ways[i].form);
        cr_expect(post_to(ways[i].target), "%s=%s: %s", ways[i].name, ways[i].form, response.reason);
        cr_expect_eq(asked(ways[i].kind, ways[i].host), before + 1, "%s=%s", ways[i].name, ways[i].form);
        cr_expect_eq(http_server_count(server), i + 1);
    }
    end();
}

Test(http_ways, leads_past_the_proxy_where_that_is_said) {
    begin(NULL, NULL);
    set_proxy("https_proxy", "http://127.0.0.1:%u");
    setenv("NO_PROXY", "example.com,localhost", 1);
    cr_assert(post_to("localhost"), "%s", response.reason);
    cr_assert_eq(asked("connect", "localhost"), 0);
    setenv("NO_PROXY", "*", 1);
    cr_assert(post_to("127.0.0.1"), "%s", response.reason);
    cr_assert_eq(asked("connect", "127.0.0.1"), 0);
    end();
}

Test(http_ways, speaks_tls_to_the_proxy_whose_certificate_it_verifies) {
    begin("--tls", NULL);
    set_proxy("https_proxy", "https://localhost:%u");
    cr_assert(post_to("localhost"), "%s", response.reason);
    cr_assert_eq(asked("connect", "localhost"), 1);
    char *target = scratch_read(http_server_ca(server)); /* which knows the target alone */
    scratch_write(&scratch, "target.pem", target);
    ca_name = "target.pem";
    free(target);
    cr_assert_not(post_to("127.0.0.1"));
    cr_assert_eq(strncmp(response.reason, "tls: ", 5), 0, "%s", response.reason);
    cr_assert_eq(http_server_count(server), 1);
    end();
}

Test(http_ways, gives_the_proxy_its_password_and_shows_it_to_nobody) {
    static const char *const forms[] = {"http://me:SECRET@127.0.0.1:%u", "socks5h://me:SECRET@127.0.0.1:%u"};
    static const char *const wrong[] = {"http://me:SECRETwrong@127.0.0.1:%u", "socks5h://me:SECRETwrong@127.0.0.1:%u"};

    begin("--user", "me:SECRET");
    for (size_t i = 0; i < 2; i++) {
        set_proxy("https_proxy", forms[i]);
        cr_expect(post_to("localhost"), "%s", response.reason);
        set_proxy("https_proxy", wrong[i]);
        cr_expect_not(post_to("127.0.0.1"));
        cr_expect_null(strstr(response.reason, "SECRET"), "%s", response.reason);
        cr_expect_eq(response.failure, QMON__HTTP_PROXY, "%s", response.reason);
    }
    end();
}

Test(http_ways, a_proxy_that_is_not_there_is_said_so) {
    begin(NULL, NULL);
    uint16_t port = proxy.port;
    proxy.port = http_closed_port();
    set_proxy("https_proxy", "http://127.0.0.1:%u");
    cr_assert_not(post_to("localhost"));
    cr_assert_neq(response.reason[0], '\0');
    cr_assert_eq(http_server_count(server), 0, "it went past the proxy");
    proxy.port = port;
    end();
}

static void *answer_once(void *listening) {
    static const char words[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nv6";
    char request[4096];
    int fd = accept(*(int *) listening, NULL, NULL);

    if (recv(fd, request, sizeof request, 0) > 0)
        send(fd, words, sizeof words - 1, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof request, 0) > 0)
        ;
    close(fd);
    return NULL;
}

Test(http_ways, speaks_ipv6) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct qmon__http_request request = {.method = "GET", .timeout_ms = 3000};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t thread;
    char url[64];

    forget_proxies();
    if (bind(fd, (struct sockaddr *) &address, bytes) != 0)
        cr_skip_test("this machine has no IPv6");
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *) &address, &bytes), 0);
    cr_assert_eq(pthread_create(&thread, NULL, answer_once, &fd), 0);
    snprintf(url, sizeof url, "http://[::1]:%u/", ntohs(address.sin6_port));
    request.url = url;
    cr_assert(qmon__http_send(&request, &response), "%s", response.reason);
    cr_assert_str_eq(response.body, "v6");
    pthread_join(thread, NULL);
    qmon__http_clear(&response);
    close(fd);
}
