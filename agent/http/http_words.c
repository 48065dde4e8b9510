/* http_words.c: what went wrong, in words. curl's own messages quote the URL here and there; these do not. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#include <qmon/curl.h>

static const struct row {
    CURLcode code;
    enum qmon__http_failure failure;
    const char *class;
    const char *before, *after; /* of the host; after NULL: the host is not named */
} rows[] = {
    {CURLE_URL_MALFORMAT, QMON__HTTP_BAD_URL, "bad-url", "the address is malformed", NULL},
    {CURLE_COULDNT_RESOLVE_HOST, QMON__HTTP_RESOLVE, "resolve", "cannot find the address of ", ""},
    {CURLE_COULDNT_RESOLVE_PROXY, QMON__HTTP_PROXY, "proxy", "cannot find the address of the proxy", NULL},
    {CURLE_PROXY, QMON__HTTP_PROXY, "proxy", "the proxy does not lead there: password or address", NULL},
    {CURLE_COULDNT_CONNECT, QMON__HTTP_CONNECT, "connect", "no connection to ", ""},
    {CURLE_OPERATION_TIMEDOUT, QMON__HTTP_TIMEOUT, "timeout", "no answer from ", ""},
    {CURLE_GOT_NOTHING, QMON__HTTP_CLOSED, "closed", "", " closed the connection without an answer"},
    {CURLE_PARTIAL_FILE, QMON__HTTP_CLOSED, "closed", "", " closed the connection in the middle of its answer"},
    {CURLE_SEND_ERROR, QMON__HTTP_CLOSED, "closed", "the connection broke while writing to ", ""},
    {CURLE_RECV_ERROR, QMON__HTTP_CLOSED, "closed", "the connection broke while reading from ", ""},
    {CURLE_SSL_CONNECT_ERROR, QMON__HTTP_TLS, "tls", "", " and this host cannot agree on a TLS connection"},
    {CURLE_PEER_FAILED_VERIFICATION, QMON__HTTP_TLS, "tls", "the certificate is not trusted, of ", ""},
    {CURLE_SSL_ISSUER_ERROR, QMON__HTTP_TLS, "tls", "the certificate's issuer is not trusted, of ", ""},
    {CURLE_SSL_CACERT_BADFILE, QMON__HTTP_TLS, "tls", "cannot read the trusted certificates (SSL_CERT_FILE)", NULL},
    {CURLE_SSL_CIPHER, QMON__HTTP_TLS, "tls", "no cipher in common with ", ""},
    {CURLE_WEIRD_SERVER_REPLY, QMON__HTTP_PROTOCOL, "protocol", "", " does not speak HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, QMON__HTTP_PROTOCOL, "protocol", "", " does not speak HTTP"},
    {CURLE_OUT_OF_MEMORY, QMON__HTTP_MEMORY, "memory", "out of memory", NULL},
};

static bool host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

/* HOST, HOST:PORT or [V6]:PORT and nothing else: "user:secret" of a URL that ends early has no number behind its ':'. */
static bool showable(const char *host, size_t bytes) {
    size_t i = 0;

    if (bytes > 0 && host[0] == '[') {
        i = strspn(host + 1, "0123456789abcdefABCDEF:.") + 1;
        i = host[i] == ']' ? i + 1 : 0;
    } else {
        while (i < bytes && host_character(host[i]))
            i++;
    }
    if (i == 0 || i > bytes || (i < bytes && host[i] != ':'))
        return false;
    for (i++; i < bytes; i++)
        if (host[i] < '0' || host[i] > '9')
            return false;
    return true;
}

void qmon__http_host(const char *url, char *ret_host, size_t bytes) {
    const char *host = strstr(url, "://");
    size_t length = host ? strcspn(host + 3, "/?#\\") : 0;

    host = host ? host + 3 : url;
    for (size_t i = length; i > 0; i--) {
        if (host[i - 1] != '@')
            continue;
        host += i;
        length -= i;
        break;
    }
    if (length > 100 || !showable(host, length))
        snprintf(ret_host, bytes, "the configured address");
    else
        snprintf(ret_host, bytes, "%.*s", (int) length, host);
}

static const struct row *find(int code) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((int) rows[i].code == code)
            return &rows[i];
    return NULL;
}

/* What OpenSSL says of a certificate: "self-signed certificate", "certificate has expired", a name that does not match. */
static void add_certificate(struct qmon_text *text, const char *detail) {
    static const char *const starts[] = {"SSL certificate problem: ", "SSL: "};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        const char *words = strstr(detail, starts[i]);
        if (!words)
            continue;
        qmon_text_add(text, ": ");
        qmon_text_line(text, words + strlen(starts[i]), 100, QMON_CUT_END);
        return;
    }
}

static void explain_row(const struct row *row, const struct qmon__http_trouble *trouble, struct qmon_text *text) {
    char host[128];

    qmon_text_format(text, "%s: %s", row->class, row->before);
    if (row->after) {
        qmon__http_host(trouble->url, host, sizeof host);
        qmon_text_add(text, host);
        qmon_text_add(text, row->after);
    }
    if (row->failure == QMON__HTTP_TIMEOUT)
        qmon_text_format(text, " within %" PRIu64 " ms", trouble->timeout_ms);
    else if (row->failure == QMON__HTTP_CONNECT && trouble->os_error)
        qmon_text_format(text, ": %s", strerrordesc_np(trouble->os_error));
    else if (row->code == CURLE_PEER_FAILED_VERIFICATION)
        add_certificate(text, trouble->detail);
}

void qmon__http_explain(const struct qmon__http_trouble *trouble, struct qmon__http_response *response) {
    const struct row *row = find(trouble->code);
    struct qmon_text text;

    qmon_text_begin(&text, response->reason, sizeof response->reason);
    if (trouble->proxy_status) {
        response->failure = QMON__HTTP_PROXY;
        qmon_text_format(&text, "proxy: the proxy answered %ld", trouble->proxy_status);
    } else if (row) {
        response->failure = row->failure;
        explain_row(row, trouble, &text);
    } else {
        response->failure = QMON__HTTP_OTHER;
        qmon_text_format(&text, "http: the request failed (curl error %d)", trouble->code);
    }
}
