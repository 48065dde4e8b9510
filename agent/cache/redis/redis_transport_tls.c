/*
 * redis_transport_tls.c: TLS by libcurl, which is there anyway: it is handed the connected socket, agrees on TLS over it, and
 * then carries bytes. So names are resolved and connections made as they are without TLS, and nothing of HTTP is spoken.
 *
 * The certificate must be trusted by REDIS_TLS_CA (a file or a directory), or else by what the system trusts, and made out to
 * the host, or to REDIS_TLS_NAME.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/curl.h>
#include <qmon/quiet.h>

#include "redis_transport.h"

#define URL_BYTES 320

struct tls {
    struct qmon__redis_transport transport;
    const struct qmon__curl *curl;
    CURL *handle;
    struct curl_slist *connect_to;
    int fd; /* the handle's own once it has taken it */
    bool taken;
    bool answered; /* something came after the handshake */
    char error[CURL_ERROR_SIZE];
};

static _Thread_local char note[CURL_ERROR_SIZE];

static curl_socket_t give_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    struct tls *tls = context;

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

static void set_trust(struct tls *tls, const struct qmon__redis_address *address) {
    const char *file = secure_getenv("SSL_CERT_FILE"), *directory = secure_getenv("SSL_CERT_DIR");
    struct stat status;

    if (address->tls_ca[0] != '\0') {
        bool is_directory = stat(address->tls_ca, &status) == 0 && S_ISDIR(status.st_mode);
        file = is_directory ? NULL : address->tls_ca;
        directory = is_directory ? address->tls_ca : NULL;
        tls->curl->easy_setopt(tls->handle, CURLOPT_CAINFO, file);
        tls->curl->easy_setopt(tls->handle, CURLOPT_CAPATH, directory);
        return;
    }
    if (file != NULL && file[0] != '\0')
        tls->curl->easy_setopt(tls->handle, CURLOPT_CAINFO, file);
    if (directory != NULL && directory[0] != '\0')
        tls->curl->easy_setopt(tls->handle, CURLOPT_CAPATH, directory);
}

/* The URL's host is whom the certificate must name; where the connection goes is settled already. */
static bool set_name(struct tls *tls, const struct qmon__redis_address *address, const struct qmon__redis_node *node) {
    const char *name = address->tls_name[0] != '\0' ? address->tls_name : node->host;
    bool numeric6 = strchr(name, ':') != NULL;
    char url[URL_BYTES];

    if (strpbrk(name, "/?#@\\ ") != NULL)
        return false;
    snprintf(url, sizeof url, "https://%s%s%s:%u/", numeric6 ? "[" : "", name, numeric6 ? "]" : "", node->port);
    tls->connect_to = tls->curl->slist_append(NULL, "::127.0.0.1:"); /* so that no name is looked up */
    tls->curl->easy_setopt(tls->handle, CURLOPT_URL, url);
    tls->curl->easy_setopt(tls->handle, CURLOPT_CONNECT_TO, tls->connect_to);
    return tls->connect_to != NULL;
}

static void set_options(struct tls *tls, const struct qmon__redis_address *address, uint64_t deadline_ms) {
    const struct qmon__curl *curl = tls->curl;
    int left_ms = qmon__redis_left_ms(deadline_ms);

    curl->easy_setopt(tls->handle, CURLOPT_CONNECT_ONLY, 1L);
    curl->easy_setopt(tls->handle, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl->easy_setopt(tls->handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(tls->handle, CURLOPT_PROXY, "");
    curl->easy_setopt(tls->handle, CURLOPT_ERRORBUFFER, tls->error);
    curl->easy_setopt(tls->handle, CURLOPT_CONNECTTIMEOUT_MS, (long) (left_ms > 0 ? left_ms : 1));
    curl->easy_setopt(tls->handle, CURLOPT_OPENSOCKETFUNCTION, give_socket);
    curl->easy_setopt(tls->handle, CURLOPT_OPENSOCKETDATA, tls);
    curl->easy_setopt(tls->handle, CURLOPT_SOCKOPTFUNCTION, is_connected);
    curl->easy_setopt(tls->handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl->easy_setopt(tls->handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl->easy_setopt(tls->handle, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    set_trust(tls, address);
    if (address->tls_certificate[0] == '\0')
        return;
    curl->easy_setopt(tls->handle, CURLOPT_SSLCERT, address->tls_certificate);
    curl->easy_setopt(tls->handle, CURLOPT_SSLKEY,
                      address->tls_key[0] != '\0' ? address->tls_key : address->tls_certificate);
}

/* With TLS 1.3 a client that is refused learns so only behind its own handshake, and often merely by the connection's end. */
static int broken(const struct tls *tls) {
    return tls->answered ? -ECONNRESET : -ENOPROTOOPT;
}

static int error_of(const struct tls *tls, CURLcode code) {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return -EKEYREJECTED;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return -ENOKEY;
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return broken(tls);
    default:
        return -ENOPROTOOPT;
    }
}

/* What libcurl says, without the hint for its own users behind it. */
static void take_note(const struct tls *tls, const char **ret_note) {
    snprintf(note, sizeof note, "%s", tls->error);
    note[strcspn(note, "\r\n")] = '\0';
    *ret_note = note[0] != '\0' ? note : NULL;
}

static int send_all(struct qmon__redis_transport *transport, const char *data, size_t bytes, uint64_t deadline_ms) {
    struct tls *tls = (struct tls *) transport;
    struct qmon__quiet quiet;
    int r = 0;

    qmon__quiet_begin(&quiet, SIGPIPE);
    while (bytes > 0 && r == 0) {
        size_t sent = 0;
        CURLcode code = tls->curl->easy_send(tls->handle, data, bytes, &sent);
        if (code == CURLE_AGAIN)
            r = qmon__redis_wait(tls->fd, POLLOUT, deadline_ms);
        else if (code != CURLE_OK)
            r = error_of(tls, code);
        data += sent;
        bytes -= sent;
    }
    qmon__quiet_end(&quiet);
    return r;
}

static long receive_some(struct qmon__redis_transport *transport, char *ret_data, size_t bytes, uint64_t deadline_ms) {
    struct tls *tls = (struct tls *) transport;

    for (;;) { /* asks first: what has come may be in the library already */
        size_t received = 0;
        CURLcode code = tls->curl->easy_recv(tls->handle, ret_data, bytes, &received);
        if (code == CURLE_OK && received == 0)
            return broken(tls);
        tls->answered |= code == CURLE_OK;
        if (code == CURLE_OK)
            return (long) received;
        if (code != CURLE_AGAIN)
            return error_of(tls, code);
        int r = qmon__redis_wait(tls->fd, POLLIN, deadline_ms);
        if (r < 0)
            return r;
    }
}

static const char *what_was_said(struct qmon__redis_transport *transport) {
    const char *said;

    take_note((struct tls *) transport, &said);
    return said;
}

static void close_tls(struct qmon__redis_transport *transport) {
    struct tls *tls = (struct tls *) transport;
    struct qmon__quiet quiet;

    qmon__quiet_begin(&quiet, SIGPIPE); /* it says good-bye */
    if (tls->handle != NULL)
        tls->curl->easy_cleanup(tls->handle);
    qmon__quiet_end(&quiet);
    if (tls->connect_to != NULL)
        tls->curl->slist_free_all(tls->connect_to);
    if (!tls->taken && tls->fd >= 0)
        close(tls->fd);
    free(tls);
}

static int agree(struct tls *tls, const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                 uint64_t deadline_ms, const char **ret_note) {
    struct qmon__quiet quiet;
    CURLcode code;

    tls->handle = tls->curl->easy_init();
    if (tls->handle == NULL)
        return -ENOMEM;
    set_options(tls, address, deadline_ms);
    if (!set_name(tls, address, node))
        return -EINVAL;
    qmon__quiet_begin(&quiet, SIGPIPE);
    code = tls->curl->easy_perform(tls->handle);
    qmon__quiet_end(&quiet);
    if (code == CURLE_OK) {
        tls->error[0] = '\0';
        return 0;
    }
    take_note(tls, ret_note);
    return error_of(tls, code);
}

int qmon__redis_connect_tls(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                            uint64_t deadline_ms, struct qmon__redis_transport **ret_transport, const char **ret_note) {
    static const struct qmon__redis_transport_class class = {
        .send = send_all, .receive = receive_some, .close = close_tls, .said = what_was_said};
    const char *problem;
    const struct qmon__curl *curl = qmon__curl_load(&problem);
    struct tls *tls;
    int r;

    if (curl == NULL) {
        *ret_note = problem;
        return -ELIBACC;
    }
    tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return -ENOMEM;
    tls->transport.class = &class;
    tls->curl = curl;
    tls->fd = qmon__redis_dial(address, node, deadline_ms);
    r = tls->fd < 0 ? tls->fd : agree(tls, address, node, deadline_ms, ret_note);
    if (r < 0) {
        close_tls(&tls->transport);
        return r;
    }
    *ret_transport = &tls->transport;
    return 0;
}
