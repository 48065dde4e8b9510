/* stats_channels.h: what `qmon stats` says of deliveries, by channel. Private to agent/cli. */
#ifndef QMON_CLI_STATS_CHANNELS_H
#define QMON_CLI_STATS_CHANNELS_H

#include <json-c/json.h>
#include <qmon/store.h>

/* Prints a table of channels and what was set aside, each with a blank line behind it; nothing where there is nothing. 0 or a
 * negative errno. */
int qmon__cli_print_channels(struct qmon_store *store, uint64_t now_ms);
/* Adds "channels" and "set_aside" to the object. */
int qmon__cli_json_channels(struct qmon_store *store, struct json_object *object);

#endif
