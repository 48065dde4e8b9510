/* table.c: the channels there are. */
#include <string.h>

#include "sinks.h"

const struct qmon_sink *const qmon_sinks[] = {
    &qmon__sink_slack,         &qmon__sink_webhook,
    &qmon__sink_discord,       &qmon__sink_pagerduty,
    &qmon__sink_alertmanager,  &qmon__sink_file,
    &qmon__sink_teams,         &qmon__sink_mattermost,
    &qmon__sink_rocketchat,    &qmon__sink_opsgenie,
    &qmon__sink_elasticsearch, &qmon__sink_csv,
    &qmon__sink_email,         NULL,
};

const struct qmon_sink *qmon_sink_by_name(const char *name) {
    for (const struct qmon_sink *const *sink = qmon_sinks; *sink; sink++)
        if (strcmp((*sink)->name, name) == 0)
            return *sink;
    return NULL;
}
