/* http_judge.c: what a failed request, or an answer that is no success, means for a delivery. */
#include <stdio.h>

#include "http_judge.h"
#include "reach.h"

static bool needs_people(enum qmon__http_failure failure) {
    switch (failure) {
    case QMON__HTTP_NO_LIBRARY:
    case QMON__HTTP_BAD_URL:
    case QMON__HTTP_BAD_HEADER:
    case QMON__HTTP_TLS:
    case QMON__HTTP_PROTOCOL:
        return true;
    default:
        return false;
    }
}

static bool comes_back(long status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

static const char *words_for(long status) {
    if (status == 429)
        return "wants fewer messages";
    if (status == 408 || status == 425)
        return "wants the message again";
    if (status >= 500)
        return "has a problem of its own";
    if (status >= 300 && status < 400)
        return "redirects, which is not followed: check the address";
    if (status == 401 || status == 403)
        return "does not accept the token or the sender";
    if (status == 404 || status == 410)
        return "knows no such address";
    return "does not take the message";
}

bool qmon__http_is_unreachable(enum qmon__http_failure failure, const char *url) {
    return (failure == QMON__HTTP_CONNECT || failure == QMON__HTTP_RESOLVE) && !qmon__reach_may_come_by_url(url);
}

void qmon__http_judge_failure(const struct qmon__http_response *response, const char *url,
                              struct qmon_delivery *ret_delivery) {
    char host[128];

    ret_delivery->verdict = QMON_DELIVERY_RETRY;
    ret_delivery->retry_after_ms = response->retry_after_ms;
    ret_delivery->sink_down = true;
    if (response->status == 0) {
        ret_delivery->misconfigured = needs_people(response->failure);
        ret_delivery->unreachable = qmon__http_is_unreachable(response->failure, url);
        snprintf(ret_delivery->reason, sizeof ret_delivery->reason, "%s", response->reason);
        return;
    }
    qmon__http_host(url, host, sizeof host);
    ret_delivery->misconfigured = !comes_back(response->status);
    snprintf(ret_delivery->reason, sizeof ret_delivery->reason, "http-%ld: %s %s", response->status, host,
             words_for(response->status));
}
