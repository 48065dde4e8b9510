/*
 * http.c: one request through libcurl.
 *
 * The handle is kept between requests, and with it the connection, so that a backlog does not pay for a handshake each. It is
 * taken by one request at a time; a request that finds it taken makes one of its own. A child of fork leaves its parent's
 * handle alone (the connection is the parent's) and makes its own.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qmon/curl.h>
#include <qmon/quiet.h>

#include "http_plain.h"

#define BEARER_BYTES 2048
#define LONGEST_MS 600000u
#define SIGNS_ALL_HEADERS 0x075700u /* libcurl 7.87.0: signs the session token too */

static struct {
    atomic_flag taken;
    CURL *handle;
    pid_t owner;
} spare = {.taken = ATOMIC_FLAG_INIT};

struct transfer {
    const struct qmon__curl *curl;
    const struct qmon__http_request *request;
    struct qmon__http_response *response;
    CURL *handle;
    bool is_spare;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

static bool take_handle(struct transfer *transfer) {
    transfer->is_spare = !atomic_flag_test_and_set_explicit(&spare.taken, memory_order_acquire);
    if (!transfer->is_spare) {
        transfer->handle = transfer->curl->easy_init();
        return transfer->handle != NULL;
    }
    if (spare.owner != getpid() || !spare.handle) {
        spare.handle = transfer->curl->easy_init();
        spare.owner = getpid();
    }
    transfer->handle = spare.handle;
    if (!transfer->handle)
        atomic_flag_clear_explicit(&spare.taken, memory_order_release);
    return transfer->handle != NULL;
}

static void give_handle_back(struct transfer *transfer) {
    if (!transfer->handle)
        return;
    if (!transfer->is_spare) {
        transfer->curl->easy_cleanup(transfer->handle);
        return;
    }
    transfer->curl->easy_reset(transfer->handle);
    atomic_flag_clear_explicit(&spare.taken, memory_order_release);
}

static bool add_header(struct transfer *transfer, const char *header) {
    struct curl_slist *list = transfer->curl->slist_append(transfer->headers, header);

    if (list)
        transfer->headers = list;
    return list != NULL;
}

static bool add_headers(struct transfer *transfer) {
    const struct qmon__http_request *request = transfer->request;
    char line[BEARER_BYTES];
    bool fine = request->sigv4 || add_header(transfer, "Expect:"); /* libcurl would sign it, but not send it */

    if (request->content_type) {
        snprintf(line, sizeof line, "Content-Type: %s", request->content_type);
        fine = fine && add_header(transfer, line);
    }
    if (request->bearer && request->bearer[0]) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", request->bearer);
        fine = fine && add_header(transfer, line);
        explicit_bzero(line, sizeof line);
    }
    if (request->authorization && request->authorization[0]) {
        snprintf(line, sizeof line, "Authorization: %s", request->authorization);
        fine = fine && add_header(transfer, line);
        explicit_bzero(line, sizeof line);
    }
    if (request->event_id && request->event_id[0]) {
        snprintf(line, sizeof line, "X-Qmon-Event-Id: %s", request->event_id);
        fine = fine && add_header(transfer, line);
    }
    for (size_t i = 0; request->headers && request->headers[i]; i++)
        fine = fine && add_header(transfer, request->headers[i]);
    return fine;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
    struct qmon__http_response *response = context;
    size_t offered = size * count, room = QMON__HTTP_BODY_BYTES - response->body_bytes;
    size_t taken = offered < room ? offered : room;
    char *body = realloc(response->body, response->body_bytes + taken + 1);

    if (!body)
        return 0;
    memcpy(body + response->body_bytes, bytes, taken);
    response->body = body;
    response->body_bytes += taken;
    body[response->body_bytes] = '\0';
    response->body_cut |= taken < offered;
    return taken; /* less than offered ends the transfer */
}

/* Options of a proxy that is spoken to by TLS are apart, and unknown to a curl without such proxies. */
void qmon__http_trust(const struct qmon__curl *curl, CURL *handle, const char *ca_file) {
    bool chosen = ca_file && ca_file[0];
    const char *file = chosen ? ca_file : secure_getenv("SSL_CERT_FILE");
    const char *directory = chosen ? NULL : secure_getenv("SSL_CERT_DIR");

    if (!file || !file[0])
        file = secure_getenv("CURL_CA_BUNDLE");
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl->easy_setopt(handle, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    if (file && file[0]) {
        curl->easy_setopt(handle, CURLOPT_CAINFO, file);
        curl->easy_setopt(handle, CURLOPT_PROXY_CAINFO, file);
    }
    if (directory && directory[0]) {
        curl->easy_setopt(handle, CURLOPT_CAPATH, directory);
        curl->easy_setopt(handle, CURLOPT_PROXY_CAPATH, directory);
    }
}

static void set_options(struct transfer *transfer) {
    const struct qmon__curl *curl = transfer->curl;
    const struct qmon__http_request *request = transfer->request;
    CURL *handle = transfer->handle;
    uint64_t timeout_ms = request->timeout_ms < LONGEST_MS ? request->timeout_ms : LONGEST_MS;

    curl->easy_setopt(handle, CURLOPT_URL, request->url);
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_QUICK_EXIT,
                      1L); /* do not wait for a name server that hangs; unknown before 7.87 */
    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->error);
    curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long) (timeout_ms ? timeout_ms : 1)); /* 0 would be for ever */
    curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long) (timeout_ms ? timeout_ms : 1));
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(handle, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(handle, CURLOPT_USERAGENT, "qmon/" QMON_VERSION);
    curl->easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
    curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(handle, CURLOPT_WRITEDATA, transfer->response);
    if (request->body) {
        curl->easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_bytes);
        curl->easy_setopt(handle, CURLOPT_POSTFIELDS, request->body);
    }
    curl->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->direct)
        curl->easy_setopt(handle, CURLOPT_PROXY, "");
    if (request->sigv4) {
        curl->easy_setopt(handle, CURLOPT_AWS_SIGV4, request->sigv4);
        curl->easy_setopt(handle, CURLOPT_USERPWD, request->user_password);
    }
    qmon__http_trust(curl, handle, request->ca_file);
}

/* Some TLS libraries write to sockets without MSG_NOSIGNAL. */
static CURLcode perform_quietly(const struct transfer *transfer) {
    struct qmon__quiet quiet;

    qmon__quiet_begin(&quiet, SIGPIPE);
    CURLcode code = transfer->curl->easy_perform(transfer->handle);
    qmon__quiet_end(&quiet);
    return code;
}

static void read_answer(const struct transfer *transfer, CURLcode code) {
    const struct qmon__curl *curl = transfer->curl;
    struct qmon__http_response *response = transfer->response;
    struct qmon__http_trouble trouble = {.code = (int) code, .detail = transfer->error, .url = transfer->request->url};
    curl_off_t wait_s = 0;
    long os_error = 0;

    curl->easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &response->status);
    curl->easy_getinfo(transfer->handle, CURLINFO_RETRY_AFTER, &wait_s);
    if (wait_s > 0)
        response->retry_after_ms =
            (wait_s < QMON__HTTP_RETRY_AFTER_S ? (uint64_t) wait_s : QMON__HTTP_RETRY_AFTER_S) * 1000;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && response->body_cut))
        return;
    curl->easy_getinfo(transfer->handle, CURLINFO_OS_ERRNO, &os_error);
    curl->easy_getinfo(transfer->handle, CURLINFO_HTTP_CONNECTCODE, &trouble.proxy_status);
    trouble.os_error = (int) os_error;
    trouble.timeout_ms = transfer->request->timeout_ms;
    if (trouble.proxy_status / 100 == 2)
        trouble.proxy_status = 0;
    qmon__http_explain(&trouble, response);
}

static void fail(struct qmon__http_response *response, enum qmon__http_failure failure, const char *class,
                 const char *words) {
    response->failure = failure;
    snprintf(response->reason, sizeof response->reason, "%s: %s", class, words);
}

static bool is_token(const char *token, char least) {
    size_t length = token ? strlen(token) : 0;

    for (size_t i = 0; i < length; i++)
        if (token[i] < least || token[i] > '~' || length >= BEARER_BYTES - 64)
            return false;
    return true;
}

static bool is_one_line(const char *header) {
    for (; *header; header++)
        if ((unsigned char) *header < ' ' || *header == 0x7f)
            return false;
    return true;
}

/* What is wrong with the request itself; a line break in a token would make a header of its own. */
static bool acceptable(const struct qmon__http_request *request, struct qmon__http_response *response) {
    if (strncasecmp(request->url, "https://", 8) != 0 && strncasecmp(request->url, "http://", 7) != 0) {
        fail(response, QMON__HTTP_BAD_URL, "bad-url", "the address does not begin with https:// or http://");
        return false;
    }
    if (!is_token(request->bearer, ' ' + 1) || !is_token(request->authorization, ' ')) {
        fail(response, QMON__HTTP_BAD_HEADER, "bad-token", "the token has blanks or characters that no token has");
        return false;
    }
    for (size_t i = 0; request->headers && request->headers[i]; i++) {
        if (is_one_line(request->headers[i]))
            continue;
        fail(response, QMON__HTTP_BAD_HEADER, "bad-header", "a header has control characters");
        return false;
    }
    return true;
}

static void transfer_request(struct transfer *transfer) {
    if (add_headers(transfer) && take_handle(transfer)) {
        set_options(transfer);
        read_answer(transfer, perform_quietly(transfer));
    } else {
        fail(transfer->response, QMON__HTTP_MEMORY, "memory", "out of memory");
    }
    give_handle_back(transfer);
    transfer->curl->slist_free_all(transfer->headers);
}

bool qmon__http_send(const struct qmon__http_request *request, struct qmon__http_response *ret_response) {
    struct transfer transfer = {.request = request, .response = ret_response};
    const char *problem = NULL;

    *ret_response = (struct qmon__http_response){0};
    if (acceptable(request, ret_response) && !qmon__http_plain(request, ret_response)) {
        transfer.curl = qmon__curl_load(&problem);
        if (!transfer.curl)
            fail(ret_response, QMON__HTTP_NO_LIBRARY, "no-libcurl", problem);
        else if (request->sigv4 && transfer.curl->version_info(CURLVERSION_NOW)->version_num < SIGNS_ALL_HEADERS)
            fail(ret_response, QMON__HTTP_NO_LIBRARY, "no-libcurl", "requests to AWS need libcurl 7.87 or newer");
        else
            transfer_request(&transfer);
    }
    if (!ret_response->body)
        ret_response->body = strdup("");
    if (!ret_response->body)
        fail(ret_response, QMON__HTTP_MEMORY, "memory", "out of memory");
    return ret_response->failure == QMON__HTTP_FINE;
}

void qmon__http_clear(struct qmon__http_response *response) {
    free(response->body);
    *response = (struct qmon__http_response){0};
}
