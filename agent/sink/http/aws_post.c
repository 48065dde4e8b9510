/* aws_post.c: see aws_post.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qmon/clock.h>

#include "aws_post.h"
#include "dial.h"
#include "http_judge.h"
#include "post.h"
#include "words.h"

/* Errors that say "later", which AWS answers with 400. */
static bool comes_back(const struct qmon__http_response *response) {
    static const char *const codes[] = {"Throttl",        "LimitExceeded", "ServiceUnavailable", "InternalFailure",
                                        "RequestTimeout", "SlowDown",      "OperationAborted"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (qmon__aws_says(response, codes[i]))
            return true;
    return response->status == 429 || response->status >= 500;
}

bool qmon__aws_says(const struct qmon__http_response *response, const char *code) {
    return response->status / 100 != 2 && response->body && strstr(response->body, code);
}

static void judge(const struct qmon__http_response *response, const char *service, struct qmon_delivery *delivery) {
    char words[160];

    *delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (response->status >= 200 && response->status < 300)
        return;
    qmon__http_judge_failure(response, "https://AWS/", delivery);
    if (response->status == 0)
        return;
    bool refused = qmon_aws_explain(response, words, sizeof words);
    snprintf(delivery->reason, sizeof delivery->reason, "aws-%s: %s", service, words);
    delivery->misconfigured = !comes_back(response);
    if (refused)
        qmon_aws_forget();
    else if (response->status == 413 || qmon__aws_says(response, "InvalidParameter") ||
             qmon__aws_says(response, "InvalidRequest"))
        delivery->verdict = QMON_DELIVERY_REJECTED;
    if (delivery->verdict == QMON_DELIVERY_REJECTED)
        delivery->misconfigured = delivery->sink_down = false;
}

static void no_access(int error, const char *why, struct qmon_delivery *delivery) {
    qmon__post_refuse(delivery, "aws-credentials", why);
    delivery->misconfigured = error != -ETIMEDOUT && error != -ECONNREFUSED;
}

void qmon__aws_post(const struct qmon_sink_context *context, struct qmon_aws_request *request,
                    struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery) {
    uint64_t begin_ms = qmon_monotonic_ms();
    struct qmon_aws_access access;
    char why[QMON_AWS_WHY_BYTES];
    int r = qmon_aws_find(context->timeout_ms, &access, why);

    *ret_response = (struct qmon__http_response){0};
    uint64_t spent_ms = qmon_monotonic_ms() - begin_ms;
    if (r < 0 || spent_ms >= context->timeout_ms) {
        no_access(r < 0 ? r : -ETIMEDOUT, r < 0 ? why : "credentials took all of the time", ret_delivery);
    } else {
        request->ca_file = context->config->ca_file;
        request->timeout_ms = context->timeout_ms - spent_ms;
        qmon_aws_send(&access, request, ret_response);
        judge(ret_response, request->service, ret_delivery);
    }
    qmon_aws_clear(&access);
}

bool qmon__aws_ready(const struct qmon_sink_context *context, const char *what, char *ret_reason, size_t bytes) {
    struct qmon_aws_access access;
    char why[QMON_AWS_WHY_BYTES];
    int r = qmon_aws_find(context->timeout_ms, &access, why);

    if (r < 0)
        snprintf(ret_reason, bytes, "aws-credentials: %s", why);
    else
        snprintf(ret_reason, bytes, "credentials from %s, region %s; whether they may %s, --send shows", access.source,
                 access.region, what);
    qmon_aws_clear(&access);
    return r == 0;
}
