/* routing_quiet.c: "quiet_hours" of the JSON file. See routing_read.h. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "routing_read.h"

#define HOURS_MAX 64u
#define ALL_DAYS 0x7fu

static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* "mon", "Monday"; -1 */
static int day_of(const char *text, size_t bytes) {
    static const char *const whole[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

    for (int day = 0; day < 7; day++)
        if ((bytes == 3 && strncasecmp(text, days[day], 3) == 0) ||
            (bytes == strlen(whole[day]) && strncasecmp(text, whole[day], bytes) == 0))
            return day;
    return -1;
}

/* "sat", "mon-fri" */
static void take_days(struct qmon__reading *reading, const char *text, void *context) {
    size_t bytes = strcspn(text, "-");
    int from = day_of(text, bytes), to = text[bytes] == '-' ? day_of(text + bytes + 1, strlen(text + bytes + 1)) : from;
    uint32_t *set = context;
    char shown[QMON__QUOTED_BYTES];

    if (from < 0 || to < 0) {
        qmon__reading_problem(reading, "\"%s\" is no day, as sat or mon-fri",
                              qmon__printable(text, strlen(text), shown, sizeof shown));
        return;
    }
    for (int day = from;; day = (day + 1) % 7) {
        *set |= 1u << day;
        if (day == to)
            return;
    }
}

/* "22:00", "24:00" being the end of a day. */
static void read_time(struct qmon__reading *reading, const char *text, unsigned *ret_minutes) {
    unsigned hours, minutes;
    char shown[QMON__QUOTED_BYTES];
    int end = 0;

    if (sscanf(text, "%2u:%2u%n", &hours, &minutes, &end) == 2 && text[end] == '\0' &&
        text[strspn(text, "0123456789:")] == '\0' && (hours < 24 || (hours == 24 && minutes == 0)) && minutes < 60)
        *ret_minutes = (hours * 60 + minutes) % 1440;
    else
        qmon__reading_problem(reading, "\"%s\" is no time of day, as 22:00",
                              qmon__printable(text, strlen(text), shown, sizeof shown));
}

static void read_zone(struct qmon__reading *reading, const char *text, char *ret_zone, size_t bytes) {
    char shown[QMON__QUOTED_BYTES];

    if (strlen(text) < bytes && qmon_zone_exists(text))
        strcpy(ret_zone, text);
    else
        qmon__reading_problem(reading, "this machine knows no time zone \"%s\"",
                              qmon__printable(text, strlen(text), shown, sizeof shown));
}

static void read_below(struct qmon__reading *reading, const char *text, struct qmon_quiet_hours *quiet) {
    int severity = qmon__reading_severity(reading, text);

    if (severity >= 0)
        quiet->below = (enum qmon_severity) severity;
}

static void read_member(struct qmon__reading *reading, const char *name, struct json_object *value,
                        struct qmon_quiet_hours *quiet) {
    static const char *const known[] = {"from", "to", "days", "time_zone", "below", "channels"};
    uint32_t set = 0;

    if (json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0) {
        qmon__reading_problem(reading, "is an empty list");
        return;
    }
    if (strcmp(name, "days") == 0) {
        qmon__reading_texts(reading, value, take_days, &set);
        quiet->days = set;
        return;
    }
    if (strcmp(name, "channels") == 0) {
        quiet->channels = qmon__reading_channels(reading, value);
        return;
    }
    if (strcmp(name, "from") != 0 && strcmp(name, "to") != 0 && strcmp(name, "time_zone") != 0 &&
        strcmp(name, "below") != 0) {
        qmon__reading_unknown(reading, known, sizeof known / sizeof known[0]);
        return;
    }
    const char *text = qmon__reading_text(reading, value);
    if (text == NULL)
        return;
    if (name[0] == 'f')
        read_time(reading, text, &quiet->from);
    else if (strcmp(name, "to") == 0)
        read_time(reading, text, &quiet->to);
    else if (name[0] == 'b')
        read_below(reading, text, quiet);
    else
        read_zone(reading, text, quiet->zone, sizeof quiet->zone);
}

/* Hours that are not understood are none: what would have waited comes at once. */
static void read_one(struct qmon__reading *reading, struct json_object *value) {
    struct qmon_routing *routing = reading->config->routing;
    struct qmon_quiet_hours quiet = {.from = 1440, .to = 1440, .days = ALL_DAYS, .below = QMON_SEVERITY_CRITICAL};
    unsigned before = reading->problems;

    for (int i = 0; i < QMON_CHANNELS; i++)
        if (qmon_channel_is_for_people((enum qmon_channel) i))
            quiet.channels |= (qmon_channels) 1 << i;
    if (!json_object_is_type(value, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    json_object_object_foreach(value, name, member) {
        qmon__reading_enter(reading, name);
        read_member(reading, name, member, &quiet);
        qmon__reading_leave(reading);
    }
    if (reading->problems == before && (quiet.from == 1440 || quiet.to == 1440))
        qmon__reading_problem(reading, "needs both from and to");
    if (reading->problems == before)
        routing->quiet[routing->quiet_count++] = quiet;
    else
        qmon__reading_problem(reading, "these quiet hours are left out");
}

void qmon__read_quiet_hours(struct qmon__reading *reading, struct json_object *value) {
    bool list = json_object_is_type(value, json_type_array);
    size_t count = list ? json_object_array_length(value) : 1;

    if (count > HOURS_MAX) {
        qmon__reading_problem(reading, "has more than %u items; the rest is left out", HOURS_MAX);
        count = HOURS_MAX;
    }
    reading->config->routing->quiet = calloc(count + 1, sizeof *reading->config->routing->quiet);
    reading->no_memory |= reading->config->routing->quiet == NULL;
    for (size_t i = 0; !reading->no_memory && i < count; i++) {
        if (list)
            qmon__reading_enter_item(reading, i);
        read_one(reading, list ? json_object_array_get_idx(value, i) : value);
        if (list)
            qmon__reading_leave(reading);
    }
}
