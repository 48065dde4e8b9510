/* http_judge.h: what a request that was no success means for a delivery. Private to agent/sink. */
#ifndef QMON_HTTP_JUDGE_H
#define QMON_HTTP_JUDGE_H

#include <qmon/sink.h>

#include <qmon/http.h>

/* For a request without an answer, or with a status that is no success. Sets verdict RETRY, reason ("http-503: ..."),
 * retry_after_ms, misconfigured, unreachable and sink_down. `url`: for naming the host. */
void qmon__http_judge_failure(const struct qmon__http_response *response, const char *url,
                              struct qmon_delivery *ret_delivery);

/* Whether a request to `url` that failed so would fare the same within seconds (reach.h). */
bool qmon__http_is_unreachable(enum qmon__http_failure failure, const char *url);

#endif
