/* Requests that are made without libcurl: what came is the same as with it. A path that libcurl would tidy up is libcurl's. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "http_case.h"

static volatile sig_atomic_t alarms;

static void note_alarm(int signal) {
    (void) signal;
    alarms++;
}

/* By the script's words, what came is the same by both ways. */
Test(http_plain, tells_of_an_answer_what_libcurl_tells, .timeout = 60) {
    static const char *const scripts[] = {"ok",  "text:fine", "503",     "429:7", "close",
                                          "cut", "hang",      "garbage", "huge",  "long-header"};

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct qmon__http_response plain;
        char twice[64];
        snprintf(twice, sizeof twice, "%s,%s", scripts[i], scripts[i]);
        start_with(HTTP_TLS_NONE, twice);
        post_to(http_server_url(server, "hook?key=SECRET"), 700);
        plain = response;
        response = (struct qmon__http_response){0};
        post_to(http_server_url(server, "./hook?key=SECRET"), 700);
        cr_expect_eq(plain.failure, response.failure, "%s: %d, not %d", scripts[i], plain.failure, response.failure);
        cr_expect_str_eq(plain.reason, response.reason, "%s", scripts[i]);
        cr_expect_eq(plain.status, response.status, "%s: %ld, not %ld", scripts[i], plain.status, response.status);
        cr_expect_eq(plain.body_bytes, response.body_bytes, "%s", scripts[i]);
        cr_expect_eq(plain.body_cut, response.body_cut, "%s", scripts[i]);
        cr_expect_str_eq(plain.body, response.body, "%s", scripts[i]);
        cr_expect_eq(plain.retry_after_ms, response.retry_after_ms, "%s", scripts[i]);
        qmon__http_clear(&plain);
        stop();
    }
}

/* Answers a request with these bytes, and closes. Returns the port. */
static uint16_t answer_with(const char *bytes, pid_t *ret_child) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char request[4096];
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(listener, (struct sockaddr *) &address, size), 0);
    cr_assert_eq(listen(listener, 4), 0);
    getsockname(listener, (struct sockaddr *) &address, &size);
    *ret_child = fork();
    for (int i = 0; *ret_child == 0 && i < 2; i++) {
        int fd = accept(listener, NULL, NULL);
        ssize_t got = 0, more;
        while (got < (ssize_t) sizeof request - 1 &&
               (more = read(fd, request + got, sizeof request - 1 - (size_t) got)) > 0) {
            got += more;
            request[got] = '\0';
            if (strstr(request, "{\"a\":1}"))
                break;
        }
        if (write(fd, bytes, strlen(bytes)) < 0)
            _exit(1);
        close(fd);
    }
    if (*ret_child == 0)
        _exit(0);
    close(listener);
    return ntohs(address.sin_port);
}

Test(http_plain, reads_bodies_as_libcurl_reads_them, .timeout = 20) {
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length:  3\r\n\r\nyesno",
        "HTTP/1.1 204 No Content\r\nRetry-After: 3\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct qmon__http_response plain;
        char url[64];
        pid_t child;
        uint16_t port = answer_with(answers[i], &child);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/x", port);
        post_to(url, 2000);
        plain = response;
        response = (struct qmon__http_response){0};
        snprintf(url, sizeof url, "http://127.0.0.1:%u/./x", port);
        post_to(url, 2000);
        cr_expect_eq(plain.failure, response.failure, "%zu: %d, not %d", i, plain.failure, response.failure);
        cr_expect_str_eq(plain.reason, response.reason, "%zu", i);
        cr_expect_eq(plain.status, response.status, "%zu", i);
        cr_expect_str_eq(plain.body, response.body, "%zu", i);
        cr_expect_eq(plain.retry_after_ms, response.retry_after_ms, "%zu", i);
        qmon__http_clear(&plain);
        qmon__http_clear(&response);
        waitpid(child, NULL, 0);
    }
}

Test(http_plain, needs_no_libcurl_and_leaves_to_it_what_is_not_simple, .timeout = 20) {
    static const char *const missing[] = {"libcurl-is-not-here.so.4", NULL};
    char url[128];

    start_with(HTTP_TLS_NONE, "ok");
    qmon__http_libraries = missing;
    cr_expect(post_to(http_server_url(server, "x?y=z"), 2000), "%s", response.reason);
    snprintf(url, sizeof url, "http://localhost:%s/x", strrchr(http_server_url(server, ""), ':') + 1);
    *strrchr(url, '/') = '\0';
    cr_expect(post_to(url, 2000), "%s: %s", url, response.reason);
    cr_expect_eq(http_server_count(server), 2);
    static const char *const others[] = {"http://u:p@127.0.0.1:1/",
                                         "http://example.invalid/",
                                         "http://127.0.0.1:99999/",
                                         "http://127.1/",
                                         "http://[::1/",
                                         "http://127.0.0.1:/",
                                         "http://127.0.0.1/a b",
                                         "https://127.0.0.1:1/",
                                         "http:///x"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect_not(post_to(others[i], 2000), "%s", others[i]);
        cr_expect_eq(response.failure, QMON__HTTP_NO_LIBRARY, "%s: %s", others[i], response.reason);
    }
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    cr_expect_not(post_to(http_server_url(server, "x"), 2000));
    cr_expect_eq(response.failure, QMON__HTTP_NO_LIBRARY);
    stop();
}

/* A listener whose queue is full: what comes is dropped. Returns its port. */
static uint16_t listen_to_nobody(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(listener, (struct sockaddr *) &address, size), 0);
    cr_assert_eq(listen(listener, 0), 0);
    getsockname(listener, (struct sockaddr *) &address, &size);
    for (int i = 0; i < 4; i++)
        connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *) &address, size);
    return ntohs(address.sin_port);
}

/* libcurl would wait for it as long once more. */
Test(http_plain, tells_itself_of_a_server_that_cannot_be_reached, .timeout = 20) {
    static const char *const missing[] = {"libcurl-is-not-here.so.4", NULL};
    char url[64], reason[128];
    uint16_t full = listen_to_nobody(), closed = http_closed_port();

    qmon__http_libraries = missing;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", full);
    cr_assert_not(post_to(url, 300));
    cr_expect_eq(response.failure, QMON__HTTP_TIMEOUT);
    snprintf(reason, sizeof reason, "timeout: no answer from 127.0.0.1:%u within 300 ms", full);
    cr_expect_str_eq(response.reason, reason);
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        snprintf(url, sizeof url, "http://%s:%u/x", hosts[i], closed);
        cr_assert_not(post_to(url, 5000));
        cr_expect_eq(response.failure, QMON__HTTP_CONNECT, "%s: %s", hosts[i], response.reason);
    }
    qmon__http_clear(&response);
}

Test(http_plain, words_for_a_closed_port_are_those_of_libcurl, .timeout = 20) {
    uint16_t port = http_closed_port();
    char url[64], reason[sizeof response.reason];

    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", port);
    cr_assert_not(post_to(url, 5000));
    strcpy(reason, response.reason);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/./x", port);
    cr_assert_not(post_to(url, 5000));
    cr_expect_str_eq(reason, response.reason);
    qmon__http_clear(&response);
}

/* In steps that a blocking call feels and a slow machine leaves time for: were the time counted anew after each, it would not end. */
Test(http_plain, a_timer_of_the_program_prolongs_nothing, .timeout = 20) {
    const struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};

    signal(SIGALRM, note_alarm);
    start_with(HTTP_TLS_NONE, "hang");
    setitimer(ITIMER_REAL, &often, NULL);
    cr_assert_not(post_to(http_server_url(server, "x"), 300));
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    cr_expect_eq(response.failure, QMON__HTTP_TIMEOUT, "%s", response.reason);
    cr_expect_gt(alarms, 0);
    stop();
}

Test(http_plain, does_not_wait_for_an_answer_behind_endless_others, .timeout = 20) {
    static const char before[] = "HTTP/1.1 100 Continue\r\n\r\n", last[] = "HTTP/1.1 200 OK\r\n\r\nhere";
    char *bytes = malloc(20000 * (sizeof before - 1) + sizeof last), *end = bytes, url[64];
    pid_t child;

    for (int i = 0; i < 20000; i++)
        end = stpcpy(end, before);
    strcpy(end, last);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", answer_with(bytes, &child));
    cr_expect_not(post_to(url, 10000));
    cr_expect_eq(response.failure, QMON__HTTP_CLOSED, "%s", response.reason);
    qmon__http_clear(&response);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    free(bytes);
}

Test(http_plain, says_so_when_the_library_is_another_one, .timeout = 20) {
    static const char *const wrong[] = {"libm.so.6", NULL};

    start_with(HTTP_TLS_NONE, "ok");
    qmon__http_libraries = wrong;
    cr_assert_not(post_to(http_server_url(server, "./x"), 1000));
    cr_expect_eq(response.failure, QMON__HTTP_NO_LIBRARY);
    cr_expect_str_eq(response.reason, "no-libcurl: libm.so.6 has no curl_global_init");
    stop();
}
