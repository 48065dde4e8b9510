/* slack.h: what slack.c and slack_check.c share. Private to slack*.c. */
#ifndef QMON_SLACK_H
#define QMON_SLACK_H

#include <qmon/sink.h>

/* "https://slack.com/api/" and a method; false: too long. */
bool qmon__slack_method_url(const struct qmon_config *config, const char *method, char *ret_url, size_t bytes);

bool qmon__slack_check_bot(const struct qmon_sink_context *context, char *reason, size_t reason_bytes);
bool qmon__slack_check_webhook(const struct qmon_sink_context *context, char *reason, size_t reason_bytes);

#endif
