/* An HTTP answer from anywhere, first its kind and status, then its body: always a verdict with a clean reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "delivery_state.h"
#include "slack_answer.h"

static void check_words(const char *words, size_t bytes) {
    if (!memchr(words, '\0', bytes))
        abort();
    for (; *words; words++)
        if (*words < ' ' || *words > '~')
            abort();
}

static void check_delivery(const struct qmon_delivery *delivery) {
    check_words(delivery->reason, sizeof delivery->reason);
    check_words(delivery->remote_id, sizeof delivery->remote_id);
    check_words(delivery->state, sizeof delivery->state);
    if (delivery->verdict > QMON_DELIVERY_REJECTED || (delivery->verdict == QMON_DELIVERY_SENT) != !delivery->reason[0])
        abort();
    size_t class = strspn(delivery->reason, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    if (delivery->reason[0] && (class == 0 || delivery->reason[class] != ':'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct qmon__http_response response = {0};
    struct qmon_delivery delivery;
    struct qmon__delivery_state state;
    char host[64], text[192];

    if (size < 3)
        return 0;
    response.status = (data[1] << 8 | data[2]) % 1000;
    response.body_bytes = size - 3;
    response.body = malloc(response.body_bytes + 1);
    memcpy(response.body, data + 3, response.body_bytes);
    response.body[response.body_bytes] = '\0';
    if (data[0] & 2) {
        response.failure = QMON__HTTP_CLOSED;
        strcpy(response.reason, "closed: the connection broke");
    }
    if (response.status == 0 && response.failure == QMON__HTTP_FINE)
        response.status = 200;
    qmon__slack_judge(data[0] & 1 ? QMON__SLACK_BOT : QMON__SLACK_WEBHOOK, &response, response.body, &delivery);
    check_delivery(&delivery);
    qmon__http_host(response.body, host, sizeof host);
    check_words(host, sizeof host);
    qmon__delivery_state_read(response.body, &state);
    qmon__delivery_state_write(&state, text, sizeof text);
    qmon__http_clear(&response);
    return 0;
}
