/*
 * redis_transport_tls.c: TLS to Redis (see qmon/tls.h).
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

#include <qmon/quiet.h>
#include <qmon/tls.h>

#include "redis_transport.h"

struct tls {
    struct qmon__redis_transport transport;
    struct qmon__tls tls;
    bool answered; /* something came after the handshake */
};

static _Thread_local char note[CURL_ERROR_SIZE];

static void set_trust(struct qmon__tls *tls, const struct qmon__redis_address *address) {
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
    snprintf(note, sizeof note, "%s", tls->tls.error);
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
        CURLcode code = tls->tls.curl->easy_send(tls->tls.handle, data, bytes, &sent);
        if (code == CURLE_AGAIN)
            r = qmon__redis_wait(tls->tls.fd, POLLOUT, deadline_ms);
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
        CURLcode code = tls->tls.curl->easy_recv(tls->tls.handle, ret_data, bytes, &received);
        if (code == CURLE_OK && received == 0)
            return broken(tls);
        tls->answered |= code == CURLE_OK;
        if (code == CURLE_OK)
            return (long) received;
        if (code != CURLE_AGAIN)
            return error_of(tls, code);
        int r = qmon__redis_wait(tls->tls.fd, POLLIN, deadline_ms);
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

    qmon__tls_end(&tls->tls);
    free(tls);
}

static int agree(struct tls *tls, int fd, const struct qmon__redis_address *address,
                 const struct qmon__redis_node *node, uint64_t deadline_ms, const char **ret_note) {
    char port[8];

    snprintf(port, sizeof port, "%u", (unsigned) node->port);
    int r = qmon__tls_begin(&tls->tls, tls->tls.curl, fd, address->tls_name[0] != '\0' ? address->tls_name : node->host,
                            port);
    if (r < 0)
        return r;
    set_trust(&tls->tls, address);
    qmon__tls_identify(&tls->tls, address->tls_certificate, address->tls_key);
    CURLcode code = qmon__tls_agree(&tls->tls, qmon__redis_left_ms(deadline_ms));
    if (code == CURLE_OK)
        return 0;
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
    tls->tls = (struct qmon__tls){.curl = curl, .fd = -1};
    r = qmon__redis_dial(address, node, deadline_ms);
    if (r >= 0)
        r = agree(tls, r, address, node, deadline_ms, ret_note);
    if (r < 0) {
        close_tls(&tls->transport);
        return r;
    }
    *ret_transport = &tls->transport;
    return 0;
}
