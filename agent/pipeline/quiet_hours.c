/* quiet_hours.c: until when a channel is left in peace. See qmon/routing.h. */
#include <string.h>

#include <qmon/routing.h>

#include "zone.h"

#define DAY_MINUTES 1440
#define WEEK_MS (8 * DAY_MINUTES * UINT64_C(60000)) /* with a day for changes of the clock */
#define CHAIN_MAX 16                                /* hours that follow each other: a weekend is two days */

static int64_t floor_divide(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static int64_t offset_at(const struct qmon_quiet_hours *quiet, int64_t time_s) {
    int64_t offset_s;

    qmon__zone_offset(quiet->zone, time_s, &offset_s);
    return offset_s;
}

/* A time by the zone's clock as one of ours. What the clock leaves out is taken as if it had not. */
static int64_t time_of(const struct qmon_quiet_hours *quiet, int64_t local_s) {
    int64_t time_s = local_s - offset_at(quiet, local_s);
    return local_s - offset_at(quiet, time_s);
}

/* When the quiet time ends that time_s lies in; 0: it lies in none. */
static int64_t end_of(const struct qmon_quiet_hours *quiet, int64_t time_s) {
    int64_t minute = floor_divide(time_s + offset_at(quiet, time_s), 60), today = floor_divide(minute, DAY_MINUTES);
    int64_t lasts = (int64_t) (quiet->to + DAY_MINUTES - quiet->from) % DAY_MINUTES;

    if (lasts == 0)
        lasts = DAY_MINUTES;
    for (int64_t day = today - 1; day <= today; day++) {
        int64_t begin = day * DAY_MINUTES + quiet->from;
        int64_t weekday = ((day + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
        if ((quiet->days >> weekday & 1) && minute >= begin && minute < begin + lasts)
            return time_of(quiet, (begin + lasts) * 60);
    }
    return 0;
}

uint64_t qmon_quiet_until(const struct qmon_routing *routing, enum qmon_channel channel, enum qmon_severity severity,
                          uint64_t now_ms) {
    int64_t now_s = (int64_t) (now_ms / 1000), until_s = now_s;
    bool later = true;

    for (unsigned chain = 0; routing != NULL && later && chain < CHAIN_MAX; chain++) {
        later = false;
        for (size_t i = 0; i < routing->quiet_count; i++) {
            const struct qmon_quiet_hours *quiet = &routing->quiet[i];
            if (!(quiet->channels >> channel & 1) || severity >= quiet->below)
                continue;
            int64_t end_s = end_of(quiet, until_s);
            if (end_s > until_s) {
                until_s = end_s;
                later = true;
            }
        }
    }
    return until_s > now_s ? (uint64_t) until_s * 1000 : 0;
}

bool qmon_quiet_for_ever(const struct qmon_routing *routing, enum qmon_channel channel, enum qmon_severity severity,
                         uint64_t now_ms) {
    uint64_t at_ms = now_ms, end_ms = now_ms + WEEK_MS, until_ms;

    while (at_ms < end_ms && (until_ms = qmon_quiet_until(routing, channel, severity, at_ms)) > at_ms)
        at_ms = until_ms;
    return at_ms >= end_ms;
}

bool qmon_zone_exists(const char *zone) {
    int64_t offset_s;

    return qmon__zone_offset(zone, 0, &offset_s);
}
