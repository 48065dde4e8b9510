/*
 * http_case.h: a server of words for one test, a request to it, and the answer that came. To be included by one file each: what is
 * here is that file's own.
 */
#ifndef QMON_TEST_HTTP_CASE_H
#define QMON_TEST_HTTP_CASE_H

#include <stdlib.h>

#include <criterion/criterion.h>
#include <qmon/http.h>

#include "http_server.h"

static struct http_server *server;
static struct qmon__http_response response;

static void start_with(enum http_tls tls, const char *script) {
    struct http_server_options options = {.tls = tls};

    /* Nothing of the machine's own settings may lead these tests elsewhere. */
    static const char *const proxies[] = {"http_proxy", "https_proxy",   "all_proxy",   "HTTPS_PROXY",
                                          "ALL_PROXY",  "SSL_CERT_FILE", "SSL_CERT_DIR"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
        unsetenv(proxies[i]);
    server = http_server_start(&options);
    cr_assert_not_null(server);
    cr_assert(http_server_script_words(server, script));
}

static void stop(void) {
    qmon__http_clear(&response);
    http_server_stop(server);
}

static bool post_to(const char *url, uint64_t timeout_ms) {
    static const char body[] = "{\"a\":1}";
    struct qmon__http_request request = {.method = "POST", .url = url, .content_type = "application/json"};

    request.bearer = "xoxb-secret";
    request.headers = (const char *const[]){"X-One: 1", "X-Two: 2", NULL};
    request.body = body;
    request.body_bytes = sizeof body - 1;
    request.timeout_ms = timeout_ms;
    qmon__http_clear(&response);
    return qmon__http_send(&request, &response);
}

#endif
