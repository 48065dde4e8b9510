/* What comes over the line from Redis: the first byte says in what pieces. */
#include <stdint.h>
#include <stdlib.h>

#include "redis_reply.h"

static void take_replies(struct qmon__reply_reader *reader, int *ret_result) {
    const struct qmon_decision_request request = {.key = "k", .now_ms = 1000000};
    struct qmon__reply *reply;

    while ((*ret_result = qmon__reply_next(reader, &reply)) == 1) {
        struct qmon_decision decision;
        if (reply->count > QMON__REPLY_ITEMS_MAX || reply->text[QMON__REPLY_TEXT_BYTES - 1] != '\0')
            abort();
        if (qmon__reply_error(reply) >= 0)
            abort();
        if (qmon__reply_decision(reply, &request, &decision) == 0 && (decision.total == 0 || decision.source == NULL))
            abort();
        qmon__reply_free(reply);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct qmon__reply_reader *reader = qmon__reply_reader_new();
    size_t piece = size > 0 ? (size_t) data[0] + 1 : 1;
    int r = 0;

    for (size_t at = 1; r == 0 && at < size; at += piece) {
        size_t bytes = size - at < piece ? size - at : piece;
        r = qmon__reply_feed(reader, (const char *) data + at, bytes);
        if (r == 0)
            take_replies(reader, &r);
    }
    qmon__reply_reader_free(reader);
    return 0;
}
