#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "http_case.h"

static bool
    by_libcurl; /* what is plain HTTP to a numeric address needs none, unless its path is one that libcurl tidies up */

static bool post(uint64_t timeout_ms) {
    return post_to(http_server_url(server, by_libcurl ? "./hook/T0KEN?key=SECRET" : "hook/T0KEN?key=SECRET"),
                   timeout_ms);
}

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

#define cr_reason_is(failed_as, words)                                                                                 \
    do {                                                                                                               \
        cr_assert_eq(response.failure, failed_as);                                                                     \
        cr_assert_str_eq(response.reason, words);                                                                      \
        cr_assert_null(strstr(response.reason, "T0KEN"));                                                              \
        cr_assert_null(strstr(response.reason, "SECRET"));                                                             \
    } while (0)

Test(http, sends_what_it_is_given_and_reads_the_answer, .timeout = 20) {
    char value[128];

    start_with(HTTP_TLS_NONE, "text:fine");
    cr_assert(post(2000), "%s", response.reason);
    cr_assert_eq(response.status, 200);
    cr_assert_str_eq(response.body, "fine");
    cr_assert_eq(response.body_bytes, 4);
    const struct http_seen *seen = http_server_seen(server, 0);
    cr_assert_str_eq(seen->method, "POST");
    cr_assert_str_eq(seen->path, "/hook/T0KEN?key=SECRET");
    cr_assert_str_eq(seen->body, "{\"a\":1}");
    cr_assert(http_seen_header(seen, "authorization", value, sizeof value));
    cr_assert_str_eq(value, "Bearer xoxb-secret");
    cr_assert(http_seen_header(seen, "content-type", value, sizeof value));
    cr_assert_str_eq(value, "application/json");
    cr_assert(http_seen_header(seen, "user-agent", value, sizeof value));
    cr_assert_str_eq(value, "qmon/" QMON_VERSION);
    cr_assert(http_seen_header(seen, "x-one", value, sizeof value));
    cr_assert(http_seen_header(seen, "x-two", value, sizeof value));
    cr_assert_not(http_seen_header(seen, "expect", value, sizeof value));
    stop();
}

Test(http, gets_without_a_body, .timeout = 20) {
    struct qmon__http_request request = {.method = "GET", .timeout_ms = 2000};
    char value[16];

    start_with(HTTP_TLS_NONE, "ok");
    request.url = http_server_url(server, "x");
    cr_assert(qmon__http_send(&request, &response), "%s", response.reason);
    cr_assert_str_eq(http_server_seen(server, 0)->method, "GET");
    cr_assert_not(http_seen_header(http_server_seen(server, 0), "authorization", value, sizeof value));
    stop();
}

Test(http, keeps_the_connection_for_the_next_request, .timeout = 20) {
    by_libcurl = true;
    start_with(HTTP_TLS_NONE, "ok");
    for (int i = 0; i < 5; i++)
        cr_assert(post(2000), "%s", response.reason);
    cr_assert_eq(http_server_connections(server), 1);
    stop();
}

Test(http, a_forked_child_opens_its_own_connection, .timeout = 20) {
    int status = -1;

    by_libcurl = true;
    start_with(HTTP_TLS_NONE, "ok");
    cr_assert(post(2000));
    const char *url = http_server_url(server, "./child");
    pid_t child = fork();
    if (child == 0)
        _exit(post_to(url, 2000) ? 0 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert(post(2000));
    cr_assert_eq(http_server_connections(server), 2);
    cr_assert_eq(http_server_seen(server, 2)->connection, 0);
    stop();
}

Test(http, an_error_status_is_an_answer, .timeout = 20) {
    start_with(HTTP_TLS_NONE, "503,404");
    cr_assert(post(2000));
    cr_assert_eq(response.status, 503);
    cr_assert(post(2000));
    cr_assert_eq(response.status, 404);
    stop();
}

Test(http, listens_to_retry_after_within_bounds, .timeout = 20) {
    start_with(HTTP_TLS_NONE, "429:7,429:999999999,429:-5,429:soon,429:Fri 31 Dec 2100 23:59:59 GMT,"
                              "429:Fri 31 Dec 1999 23:59:59 GMT");
    static const uint64_t expected[] = {7000, 3600000, 0, 0, 3600000, 0};
    for (size_t i = 0; i < 6; i++) {
        cr_assert(post(2000));
        cr_assert_eq(response.status, 429);
        cr_expect_eq(response.retry_after_ms, expected[i], "%zu: %lu", i, response.retry_after_ms);
    }
    stop();
}

Test(http, does_not_follow_redirects, .timeout = 20) {
    struct http_reply reply = {.status = 302, .body = ""};
    char location[128];

    start_with(HTTP_TLS_NONE, "ok");
    snprintf(location, sizeof location, "Location: %s\r\n", http_server_url(server, "elsewhere"));
    reply.headers = location;
    http_server_script(server, &reply, 1);
    cr_assert(post(2000));
    cr_assert_eq(response.status, 302);
    cr_assert_eq(http_server_count(server), 1);
    stop();
}

Test(http, gives_up_at_its_time_out, .timeout = 20) {
    static const char *const manners[] = {"hang", "drip", "slow:5000"};
    char words[128];

    for (size_t i = 0; i < 3; i++) {
        start_with(HTTP_TLS_NONE, manners[i]);
        uint64_t begin = now_ms();
        cr_assert_not(post(300));
        uint64_t took = now_ms() - begin;
        cr_assert(took >= 290 && took < 1500, "%s: %lu ms", manners[i], took);
        snprintf(words, sizeof words, "timeout: no answer from 127.0.0.1:%u within 300 ms", http_server_port(server));
        cr_reason_is(QMON__HTTP_TIMEOUT, words);
        cr_assert_eq(response.status, i == 1 ? 200 : 0); /* a slow body does not hide the status */
        stop();
    }
}

Test(http, cuts_off_an_answer_of_ten_megabytes, .timeout = 20) {
    start_with(HTTP_TLS_NONE, "huge,ok");
    cr_assert(post(5000), "%s", response.reason);
    cr_assert_eq(response.status, 200);
    cr_assert(response.body_cut);
    cr_assert_eq(response.body_bytes, QMON__HTTP_BODY_BYTES);
    cr_assert_eq(strlen(response.body), QMON__HTTP_BODY_BYTES);
    cr_assert(post(5000), "%s", response.reason);
    cr_assert_not(response.body_cut);
    stop();
}

Test(http, survives_headers_without_end, .timeout = 20) {
    start_with(HTTP_TLS_NONE, "long-header");
    cr_assert_not(post(3000));
    stop();
}

Test(http, says_how_the_other_side_failed, .timeout = 30) {
    static const struct {
        const char *manner;
        enum qmon__http_failure failure;
        const char *words;
    } cases[] = {
        {"close", QMON__HTTP_CLOSED, "closed: 127.0.0.1:%u closed the connection without an answer"},
        {"reset", QMON__HTTP_CLOSED, "closed: the connection broke while reading from 127.0.0.1:%u"},
        {"cut", QMON__HTTP_CLOSED, "closed: 127.0.0.1:%u closed the connection in the middle of its answer"},
        {"garbage", QMON__HTTP_PROTOCOL, "protocol: 127.0.0.1:%u does not speak HTTP"},
    };
    char words[160];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start_with(HTTP_TLS_NONE, cases[i].manner);
        cr_assert_not(post(2000));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(words, sizeof words, cases[i].words, http_server_port(server));
#pragma GCC diagnostic pop
        cr_reason_is(cases[i].failure, words);
        stop();
    }
}

Test(http, says_that_nobody_listens, .timeout = 20) {
    char url[128], words[128];
    unsigned port = http_closed_port();

    start_with(HTTP_TLS_NONE, "ok");
    snprintf(url, sizeof url, "http://user:SECRET@127.0.0.1:%u/hook/T0KEN", port);
    snprintf(words, sizeof words, "connect: no connection to 127.0.0.1:%u: Connection refused", port);
    cr_assert_not(post_to(url, 2000));
    cr_reason_is(QMON__HTTP_CONNECT, words);
    cr_assert_not(post_to("https://qmon-test.invalid/hook/T0KEN", 5000));
    cr_reason_is(QMON__HTTP_RESOLVE, "resolve: cannot find the address of qmon-test.invalid");
    stop();
}

Test(http, speaks_tls_to_whom_it_can_verify, .timeout = 20) {
    start_with(HTTP_TLS_GOOD, "text:fine");
    setenv("SSL_CERT_FILE", http_server_ca(server), 1);
    cr_assert(post(5000), "%s", response.reason);
    cr_assert_str_eq(response.body, "fine");
    stop();
}

Test(http, refuses_certificates_that_do_not_verify, .timeout = 30) {
    static const struct {
        enum http_tls tls;
        bool trusted;
        const char *words;
    } cases[] = {
        {HTTP_TLS_GOOD, false, "self-signed certificate"},
        {HTTP_TLS_EXPIRED, true, "certificate has expired"},
        {HTTP_TLS_WRONG_NAME, true, "127.0.0.1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start_with(cases[i].tls, "ok");
        if (cases[i].trusted)
            setenv("SSL_CERT_FILE", http_server_ca(server), 1);
        cr_assert_not(post(5000));
        cr_assert_eq(response.failure, QMON__HTTP_TLS);
        cr_assert(strncmp(response.reason, "tls: the certificate is not trusted, of 127.0.0.1:", 50) == 0 &&
                      strstr(response.reason + 50, cases[i].words),
                  "%s", response.reason);
        cr_assert_eq(http_server_count(server), 0, "a request went out before the certificate was verified");
        stop();
    }
}

Test(http, says_when_its_trusted_certificates_are_missing, .timeout = 20) {
    start_with(HTTP_TLS_GOOD, "ok");
    setenv("SSL_CERT_FILE", "/nonexistent/ca.pem", 1);
    cr_assert_not(post(5000));
    cr_reason_is(QMON__HTTP_TLS, "tls: cannot read the trusted certificates (SSL_CERT_FILE)");
    stop();
}

Test(http, plain_and_tls_do_not_mix_silently, .timeout = 20) {
    char url[64];

    start_with(HTTP_TLS_NONE, "ok");
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", http_server_port(server));
    cr_assert_not(post_to(url, 1000));
    cr_assert_neq(response.failure, QMON__HTTP_FINE);
    stop();
}

Test(http, goes_through_the_proxy_and_past_it, .timeout = 20) {
    start_with(HTTP_TLS_NONE, "text:from the proxy,text:direct,407");
    setenv("http_proxy", http_server_url(server, ""), 1);
    cr_assert(post_to("http://hooks.invalid/hook/T0KEN", 2000), "%s", response.reason);
    cr_assert_str_eq(response.body, "from the proxy");
    cr_assert_str_eq(http_server_seen(server, 0)->path, "http://hooks.invalid/hook/T0KEN");
    setenv("no_proxy", "127.0.0.1", 1);
    cr_assert(post(2000), "%s", response.reason);
    cr_assert_str_eq(http_server_seen(server, 1)->path, "/hook/T0KEN?key=SECRET");
    setenv("https_proxy", http_server_url(server, ""), 1);
    cr_assert_not(post_to("https://hooks.invalid/hook/T0KEN", 2000));
    cr_reason_is(QMON__HTTP_PROXY, "proxy: the proxy answered 407");
    cr_assert_str_eq(http_server_seen(server, 2)->method, "CONNECT");
    stop();
}

Test(http, refuses_addresses_and_tokens_that_are_none, .timeout = 20) {
    static const char *const urls[] = {"", "hooks.example/T0KEN", "file:///etc/passwd", "ftp://h/T0KEN", "gopher://h/"};
    struct qmon__http_request request = {.method = "POST", .bearer = "x\r\nX-Evil: SECRET", .timeout_ms = 1000};

    start_with(HTTP_TLS_NONE, "ok");
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        cr_assert_not(post_to(urls[i], 1000));
        cr_reason_is(QMON__HTTP_BAD_URL, "bad-url: the address does not begin with https:// or http://");
    }
    cr_assert_not(post_to("http://", 1000));
    cr_assert_not(post_to("http://h:port/T0KEN", 1000));
    cr_reason_is(QMON__HTTP_BAD_URL, "bad-url: the address is malformed");
    request.url = http_server_url(server, "");
    qmon__http_clear(&response);
    cr_assert_not(qmon__http_send(&request, &response));
    cr_reason_is(QMON__HTTP_BAD_HEADER, "bad-token: the token has blanks or characters that no token has");
    cr_assert_eq(http_server_count(server), 0);
    stop();
}

Test(http, says_so_when_there_is_no_libcurl, .timeout = 20) {
    static const char *const missing[] = {"libcurl-is-not-here.so.4", NULL};

    by_libcurl = true;
    start_with(HTTP_TLS_NONE, "ok");
    qmon__http_libraries = missing;
    cr_assert_not(post(1000));
    cr_reason_is(QMON__HTTP_NO_LIBRARY, "no-libcurl: libcurl-is-not-here.so.4 cannot be loaded; install libcurl4");
    cr_assert_str_eq(response.body, "");
    stop();
}

static volatile sig_atomic_t pipes;
static void on_pipe(int number) {
    (void) number;
    pipes++;
}

/* Stands for a TLS library that writes to a connection which the other side has closed. */
static char *raise_pipe(void *context, const struct http_seen *request, int *ret_status) {
    (void) request;
    pthread_kill(*(pthread_t *) context, SIGPIPE);
    *ret_status = 200;
    return NULL;
}

Test(http, lets_no_sigpipe_out_and_keeps_the_mask, .timeout = 20) {
    pthread_t self = pthread_self();
    struct http_server_options options = {.respond = raise_pipe, .context = &self};
    sigset_t mask, pending;

    by_libcurl = true;
    server = http_server_start(&options);
    signal(SIGPIPE, on_pipe);
    for (int i = 0; i < 3; i++)
        cr_assert(post(2000), "%s", response.reason);
    cr_assert_eq(pipes, 0);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    cr_assert_not(sigismember(&mask, SIGPIPE));
    cr_assert_not(sigismember(&pending, SIGPIPE));
    stop();
}

Test(http, names_hosts_without_what_is_secret, .timeout = 10) {
    static const struct {
        const char *url, *host;
    } cases[] = {
        {"https://hooks.slack.com/services/T/B/x", "hooks.slack.com"},
        {"https://user:pa55@h.example:8443/x?y#z", "h.example:8443"},
        {"https://u@x:pa55@h.example/x", "h.example"},
        {"http://[::1]:80/x", "[::1]:80"},
        {"http://[::1]pa55/x", "the configured address"},
        {"https://user:pa55/word@h.example/", "the configured address"},
        {"https://pa\n55/", "the configured address"},
        {"pa55", "the configured address"},
        {"http://", "the configured address"},
    };
    char host[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qmon__http_host(cases[i].url, host, sizeof host);
        cr_assert_str_eq(host, cases[i].host, "%s: %s", cases[i].url, host);
    }
}
