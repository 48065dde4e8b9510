/* smtp.h: one message to one SMTP server, by libcurl. Private to agent/sink. */
#ifndef QMON_SMTP_H
#define QMON_SMTP_H

#include <qmon/sink.h>

#define QMON__SMTP_RECIPIENTS 32u

enum qmon__smtp_tls {
    QMON__SMTP_TLS_TRIED, /* STARTTLS where it is offered */
    QMON__SMTP_TLS_REQUIRED,
    QMON__SMTP_TLS_OFF,
};

struct qmon__smtp {
    const char *url; /* smtp://HOST:PORT, smtps://HOST:PORT */
    enum qmon__smtp_tls tls;
    const char *user, *password; /* "": without AUTH */
    const char *from;
    const char *to[QMON__SMTP_RECIPIENTS + 1]; /* NULL-terminated */
    size_t to_count;
    char *memory;        /* of `to` */
    char *message;       /* NULL: out of memory */
    const char *ca_file; /* as in qmon/http.h */
    uint64_t timeout_ms;
};

/* Sends and judges. A recipient that the server refuses does not keep the message from the others, and is named in `partly`;
 * where it refuses all, the settings are to blame. Fills *ret_delivery always. */
void qmon__smtp_send(const struct qmon__smtp *smtp, struct qmon_delivery *ret_delivery);
/* Connects, secures and logs in; true: fine. */
bool qmon__smtp_check(const struct qmon__smtp *smtp, struct qmon_delivery *ret_delivery);

#endif
