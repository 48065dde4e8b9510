/* routing.c: see routing_read.h. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/template.h>

#include "options.h"
#include "routing_read.h"

/* --- the channels' own settings --- */

static void set_least(struct qmon_routing *routing, int channel, int severity) {
    routing->least[channel] = (enum qmon_severity) severity;
    routing->has_least |= (qmon_channels) 1 << channel;
}

static void read_count(struct qmon__reading *reading, struct json_object *value, uint64_t least, uint64_t most,
                       uint64_t *ret_count) {
    int64_t count = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;

    if (count >= 0 && (uint64_t) count >= least && (uint64_t) count <= most)
        *ret_count = (uint64_t) count;
    else
        qmon__reading_problem(reading, "is not a number from %" PRIu64 " to %" PRIu64 "; left out", least, most);
}

static void read_limit(struct qmon__reading *reading, struct json_object *limit, struct qmon_channel_limit *ret_limit) {
    static const char *const known[] = {"alerts", "window", "burst"};

    if (!json_object_is_type(limit, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    json_object_object_foreach(limit, name, value) {
        qmon__reading_enter(reading, name);
        if (strcmp(name, "alerts") == 0)
            read_count(reading, value, 0, 1000000, &ret_limit->alerts);
        else if (strcmp(name, "window") == 0)
            read_count(reading, value, 60, 604800, &ret_limit->window_s);
        else if (strcmp(name, "burst") == 0)
            read_count(reading, value, 0, 1000000, &ret_limit->burst);
        else
            qmon__reading_unknown(reading, known, sizeof known / sizeof known[0]);
        qmon__reading_leave(reading);
    }
}

static void read_channel(struct qmon__reading *reading, int channel, struct json_object *settings) {
    static const char *const known[] = {"min_severity", "limit"};

    if (!json_object_is_type(settings, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    json_object_object_foreach(settings, name, value) {
        qmon__reading_enter(reading, name);
        if (strcmp(name, "min_severity") == 0) {
            const char *text = qmon__reading_text(reading, value);
            int severity = text != NULL ? qmon__reading_severity(reading, text) : -1;
            if (severity >= 0)
                set_least(reading->config->routing, channel, severity);
        } else if (strcmp(name, "limit") == 0) {
            read_limit(reading, value, &reading->config->routing->limits[channel]);
        } else {
            qmon__reading_unknown(reading, known, sizeof known / sizeof known[0]);
        }
        qmon__reading_leave(reading);
    }
}

static void read_channels(struct qmon__reading *reading, struct json_object *channels) {
    const char *names[QMON_CHANNELS];

    for (int i = 0; i < QMON_CHANNELS; i++)
        names[i] = qmon_channel_name((enum qmon_channel) i);
    if (!json_object_is_type(channels, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    json_object_object_foreach(channels, name, settings) {
        int channel = qmon_channel_by_name(name);
        qmon__reading_enter(reading, name);
        if (channel >= 0)
            read_channel(reading, channel, settings);
        else
            qmon__reading_unknown(reading, names, QMON_CHANNELS);
        qmon__reading_leave(reading);
    }
}

/* --- all of it --- */

static const struct part {
    const char *name;
    void (*read)(struct qmon__reading *reading, struct json_object *value);
} parts[] = {{"channels", read_channels},
             {"routes", qmon__read_routes},
             {"quiet_hours", qmon__read_quiet_hours},
             {"templates", qmon__read_templates}};
#define PARTS (sizeof parts / sizeof parts[0])

bool qmon__routing_is_part(const char *member) {
    for (size_t i = 0; i < PARTS; i++)
        if (strcmp(parts[i].name, member) == 0)
            return true;
    return false;
}

static int make_routing(struct qmon_config *config) {
    if (config->routing != NULL)
        return 0;
    config->routing = calloc(1, sizeof *config->routing);
    if (config->routing == NULL)
        return -ENOMEM;
    for (int i = 0; i < QMON_CHANNELS; i++)
        config->routing->limits[i] = (struct qmon_channel_limit){UINT64_MAX, UINT64_MAX, UINT64_MAX};
    return 0;
}

int qmon__routing_read(struct qmon_config *config, const char *name, const char *text, size_t bytes,
                       struct json_object *document) {
    struct qmon__reading reading = {.config = config, .name = name, .text = text, .bytes = bytes};

    for (size_t i = 0; i < PARTS && !reading.no_memory; i++) {
        struct json_object *value;
        if (!json_object_object_get_ex(document, parts[i].name, &value) || value == NULL)
            continue;
        if (make_routing(config) < 0)
            return -ENOMEM;
        qmon__reading_enter(&reading, parts[i].name);
        parts[i].read(&reading, value);
        qmon__reading_leave(&reading);
    }
    return reading.no_memory ? -ENOMEM : 0;
}

/* "error" for all that are not set by themselves (channel -1), "slack=error" for one. */
static bool read_least(const char *item, int *ret_channel, int *ret_severity) {
    const char *equals = strchr(item, '=');
    char name[64] = "";

    if (equals != NULL && (size_t) (equals - item) < sizeof name)
        memcpy(name, item, (size_t) (equals - item));
    *ret_severity = qmon_severity_parse(equals != NULL ? equals + 1 : item);
    *ret_channel = qmon_channel_by_name(name);
    return *ret_severity >= 0 && (equals == NULL || *ret_channel >= 0);
}

bool qmon__routing_least_problem(const char *item, char *ret_sentence, size_t bytes) {
    char shown[QMON__QUOTED_BYTES];
    int channel, severity;

    if (read_least(item, &channel, &severity))
        return false;
    snprintf(
        ret_sentence, bytes,
        "\"%s\" is neither a severity (info, warning, error, critical) nor one for a channel, as slack=error; left "
        "out",
        qmon__printable(item, strlen(item), shown, sizeof shown));
    return true;
}

/* What stands in the file has been complained of there, with its line. */
static bool is_from_file(const struct qmon_config *config) {
    const struct qmon_option *option = qmon__option_by_path("min_severity");
    const char *origin = option != NULL ? qmon_config_origin(config, option) : NULL;

    return origin != NULL && strcmp(origin, "QMON_CONFIG") == 0;
}

static int settle_one(struct qmon_config *config, const char *item) {
    char sentence[QMON__QUOTED_BYTES + 160];
    int severity, channel;

    if (!read_least(item, &channel, &severity)) {
        if (is_from_file(config) || !qmon__routing_least_problem(item, sentence, sizeof sentence))
            return 0;
        return qmon__problem(config, "QMON_MIN_SEVERITY: %s", sentence);
    }
    for (int i = 0; i < QMON_CHANNELS; i++)
        if (channel == i)
            set_least(config->routing, i, severity);
        else if (channel < 0 && !(config->routing->has_least >> i & 1)) /* not said for it alone */
            config->routing->least[i] = (enum qmon_severity) severity;
    return 0;
}

int qmon__routing_settle(struct qmon_config *config) {
    const struct qmon_patterns *items = &config->min_severity;
    int r = 0;

    if (items->count > 0 && make_routing(config) < 0)
        return -ENOMEM;
    for (int for_one = 1; for_one >= 0; for_one--) /* those for one channel count more */
        for (size_t i = 0; r == 0 && i < items->count; i++)
            if ((strchr(items->items[i], '=') != NULL) == for_one)
                r = settle_one(config, items->items[i]);
    return r;
}

void qmon__routing_free(struct qmon_routing *routing) {
    if (routing == NULL)
        return;
    for (size_t i = 0; i < routing->route_count; i++)
        for (int field = 0; field < QMON_ROUTE_FIELDS; field++) {
            struct qmon_patterns *patterns = &routing->routes[i].patterns[field];
            for (size_t k = 0; k < patterns->count; k++)
                free(patterns->items[k]);
            free(patterns->items);
        }
    free(routing->routes);
    free(routing->quiet);
    free(routing);
}
