/* slack_answer.h: what Slack's answer to a message means. Pure. Private to slack*.c. */
#ifndef QMON_SLACK_ANSWER_H
#define QMON_SLACK_ANSWER_H

#include <qmon/sink.h>

#include <qmon/http.h>

enum qmon__slack_mode { QMON__SLACK_BOT, QMON__SLACK_WEBHOOK };

/* Fills *ret_delivery. Returns true when Slack found the message itself malformed: worth one more try as plain text; the
 * verdict is then REJECTED. `url`: for naming the host. */
bool qmon__slack_judge(enum qmon__slack_mode mode, const struct qmon__http_response *response, const char *url,
                       struct qmon_delivery *ret_delivery);

/* The words for an error code of Slack's, "invalid_auth: Slack does not accept the token"; code: untrusted. */
enum qmon__slack_class { QMON__SLACK_TRANSIENT, QMON__SLACK_MALFORMED, QMON__SLACK_SETTINGS, QMON__SLACK_UNKNOWN };
enum qmon__slack_class qmon__slack_error(const char *code, char *ret_reason, size_t bytes);

#endif
