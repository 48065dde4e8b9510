/* http_plain.h: requests that need no libcurl. Private to agent/http. */
#ifndef QMON_HTTP_PLAIN_H
#define QMON_HTTP_PLAIN_H

#include <qmon/http.h>

#define QMON__HTTP_HEAD_BYTES (16u * 1024u) /* of the request; and what is received at once */

/* One request and its answer. */
struct qmon__exchange {
    const struct qmon__http_request *request;
    struct qmon__http_response *response;
    uint64_t deadline_ms;
    int fd;
    int error; /* CURLE_..., or 0 */
    int os_error;
    char bytes[QMON__HTTP_HEAD_BYTES]; /* received, not yet taken: */
    size_t from, to;
    bool ended; /* the other side has closed */
};

/* True: the request was made or its server could not be reached, and the response says what came of it (its body may be NULL
 * still); false: it is libcurl's, and nothing was sent. */
bool qmon__http_plain(const struct qmon__http_request *request, struct qmon__http_response *response);

/* Waits for `events` of poll: 0, or -ETIMEDOUT. */
int qmon__http_await(struct qmon__exchange *exchange, short events);
/* Fills exchange->response; exchange->error where it is not whole. */
void qmon__http_read_answer(struct qmon__exchange *exchange);

#endif
