/* aws_post.h: a request to AWS as a delivery: credentials, signature, and what the answer means. Private to agent/sink. */
#ifndef QMON_AWS_POST_H
#define QMON_AWS_POST_H

#include <qmon/aws.h>
#include <qmon/sink.h>

/* Sends `request` (whose timeout_ms is set here) within the context's time. Fills *ret_delivery always: 2xx SENT; a fault of the
 * event itself REJECTED; refused credentials misconfigured, the rest RETRY, with the service's own words.
 * ret_response is to be cleared by the caller. */
void qmon__aws_post(const struct qmon_sink_context *context, struct qmon_aws_request *request,
                    struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery);
/* Is this the error in the answer: "ResourceNotFoundException"? */
bool qmon__aws_says(const struct qmon__http_response *response, const char *code);
/* Are there credentials and a region? ret_reason gets a sentence. */
bool qmon__aws_ready(const struct qmon_sink_context *context, const char *what, char *ret_reason, size_t bytes);

#endif
