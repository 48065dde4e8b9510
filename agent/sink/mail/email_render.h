/*
 * email_render.h: an event as an e-mail message (RFC 5322), multipart, as text and as HTML. Text from outside goes into encoded
 * words and base64 only, so that nothing in it can make a header, a part or an end of the message. Private to agent/sink.
 */
#ifndef QMON_EMAIL_RENDER_H
#define QMON_EMAIL_RENDER_H

#include <qmon/event.h>

struct qmon__email {
    const char *from;      /* addresses, as qmon__email_address wants them; borrowed */
    const char *const *to; /* NULL-terminated */
};

/* user@host, of printable ASCII, nothing quoted and nothing around it. */
bool qmon__email_address(const char *address);

/* The message with CRLF at its line ends, to be freed with free(). NULL: out of memory. */
char *qmon__email_render(const struct qmon_event *event, const struct qmon__email *email, uint64_t now_ns);

#endif
