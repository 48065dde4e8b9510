/* sinks.h: the rows of table.c. Private to agent/sink. */
#ifndef QMON_SINKS_H
#define QMON_SINKS_H

#include <qmon/sink.h>

extern const struct qmon_sink qmon__sink_slack;
extern const struct qmon_sink qmon__sink_webhook;
extern const struct qmon_sink qmon__sink_discord;
extern const struct qmon_sink qmon__sink_pagerduty;
extern const struct qmon_sink qmon__sink_alertmanager;
extern const struct qmon_sink qmon__sink_file;
extern const struct qmon_sink qmon__sink_teams;
extern const struct qmon_sink qmon__sink_mattermost;
extern const struct qmon_sink qmon__sink_rocketchat;
extern const struct qmon_sink qmon__sink_opsgenie;
extern const struct qmon_sink qmon__sink_elasticsearch;
extern const struct qmon_sink qmon__sink_csv;
extern const struct qmon_sink qmon__sink_email;

#endif
