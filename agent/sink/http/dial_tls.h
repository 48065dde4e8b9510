/*
 * dial_tls.h: TLS over a connection of dial.h, by libcurl, which is opened when first needed. The certificate must be trusted as
 * in qmon/http.h and made out to the host. Private to agent/sink. Threads: one at a time.
 */
#ifndef QMON_SINK_DIAL_TLS_H
#define QMON_SINK_DIAL_TLS_H

#include "dial.h"

struct qmon__dial_tls;
struct qmon__dial_tls_trust {
    const char *ca_file;           /* NULL or "": as the system */
    const char *certificate, *key; /* PEM, our own; NULL or "": none, or the key is in the same file */
};

/* Connects and agrees on TLS. 0, to be closed; else -errno and ret_reason has "CLASS: words": of class "tls" where people have to
 * mend something. deadline_ms: CLOCK_MONOTONIC. */
int qmon__dial_tls(const struct qmon__dial *dial, const struct qmon__dial_tls_trust *trust, uint64_t deadline_ms,
                   struct qmon__dial_tls **ret_tls, char *ret_reason, size_t bytes);
/* Sends all of it and waits until the other machine has it and, for a moment of at most patience_ms, for a refusal: with TLS 1.3
 * a server says only behind the handshake that it does not know us. 0; -EPROTO refused; -errno. */
int qmon__dial_tls_send(struct qmon__dial_tls *tls, const void *data, size_t bytes, uint64_t patience_ms,
                        uint64_t deadline_ms);
/* Says good-bye. NULL is fine. */
void qmon__dial_tls_close(struct qmon__dial_tls *tls);

#endif
