/* tls.c: see qmon/tls.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qmon/quiet.h>
#include <qmon/tls.h>

#define URL_BYTES 320

static curl_socket_t give_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    struct qmon__tls *tls = context;

    (void) purpose;
    (void) address;
    if (tls->taken)
        return CURL_SOCKET_BAD;
    tls->taken = true;
    return tls->fd;
}

static int is_connected(void *context, curl_socket_t fd, curlsocktype purpose) {
    (void) context;
    (void) fd;
    (void) purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* The URL's host is whom the certificate must name; where the connection goes is settled already. */
static bool set_name(struct qmon__tls *tls, const char *name, const char *port) {
    bool numeric6 = strchr(name, ':') != NULL;
    char url[URL_BYTES];

    if (strpbrk(name, "/?#@\\ ") != NULL || snprintf(url, sizeof url, "https://%s%s%s:%s/", numeric6 ? "[" : "", name,
                                                     numeric6 ? "]" : "", port) >= URL_BYTES)
        return false;
    tls->connect_to = tls->curl->slist_append(NULL, "::127.0.0.1:"); /* so that no name is looked up */
    tls->curl->easy_setopt(tls->handle, CURLOPT_URL, url);
    tls->curl->easy_setopt(tls->handle, CURLOPT_CONNECT_TO, tls->connect_to);
    return tls->connect_to != NULL;
}

int qmon__tls_begin(struct qmon__tls *ret_tls, const struct qmon__curl *curl, int fd, const char *name,
                    const char *port) {
    *ret_tls = (struct qmon__tls){.curl = curl, .handle = curl->easy_init(), .fd = fd};
    CURL *handle = ret_tls->handle;
    if (handle == NULL)
        return -ENOMEM;
    curl->easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    curl->easy_setopt(handle, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_PROXY, "");
    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, ret_tls->error);
    curl->easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, give_socket);
    curl->easy_setopt(handle, CURLOPT_OPENSOCKETDATA, ret_tls);
    curl->easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, is_connected);
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl->easy_setopt(handle, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    return set_name(ret_tls, name, port) ? 0 : -EINVAL;
}

void qmon__tls_identify(struct qmon__tls *tls, const char *certificate, const char *key) {
    if (certificate == NULL || certificate[0] == '\0')
        return;
    tls->curl->easy_setopt(tls->handle, CURLOPT_SSLCERT, certificate);
    tls->curl->easy_setopt(tls->handle, CURLOPT_SSLKEY, key != NULL && key[0] != '\0' ? key : certificate);
}

CURLcode qmon__tls_agree(struct qmon__tls *tls, int wait_ms) {
    struct qmon__quiet quiet;

    tls->curl->easy_setopt(tls->handle, CURLOPT_CONNECTTIMEOUT_MS, (long) (wait_ms > 0 ? wait_ms : 1));
    qmon__quiet_begin(&quiet, SIGPIPE);
    CURLcode code = tls->curl->easy_perform(tls->handle);
    qmon__quiet_end(&quiet);
    tls->error[code == CURLE_OK ? 0 : strcspn(tls->error, "\r\n")] = '\0';
    return code;
}

void qmon__tls_end(struct qmon__tls *tls) {
    struct qmon__quiet quiet;

    qmon__quiet_begin(&quiet, SIGPIPE); /* it says good-bye */
    if (tls->handle != NULL)
        tls->curl->easy_cleanup(tls->handle);
    qmon__quiet_end(&quiet);
    if (tls->connect_to != NULL)
        tls->curl->slist_free_all(tls->connect_to);
    if (!tls->taken && tls->fd >= 0)
        close(tls->fd);
}
