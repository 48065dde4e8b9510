/* zone_rule.c: see zone_rule.h. */
#include "zone_rule.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define HOUR_S 3600
#define DAY_S 86400
#define OFFSET_HOURS_MAX 24
#define CHANGE_HOURS_MAX 167 /* of the time of a change, either way */

struct change { /* the `week`th `weekday` of `month`, the last one for 5; at local time `time_s` */
    unsigned month, week, weekday;
    int64_t time_s;
};

/* The days from 1970-01-01 to this one. After H. Hinnant's description of the proleptic Gregorian calendar in eras of 400 years. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (int64_t) (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int64_t floor_divide(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static int64_t year_of(int64_t time_s) {
    int64_t days = floor_divide(time_s, DAY_S), year = 1970 + floor_divide(days * 400, 146097);

    while (days_from_civil(year, 1, 1) > days)
        year--;
    while (days_from_civil(year + 1, 1, 1) <= days)
        year++;
    return year;
}

static bool skip_name(const char **at) {
    const char *start = *at;

    if (*start == '<') {
        *at += strcspn(start, ">");
        return *(*at)++ == '>' && *at - start > 2;
    }
    while (isalpha((unsigned char) **at))
        (*at)++;
    return *at - start >= 3;
}

static bool read_number(const char **at, unsigned most, unsigned *ret_number) {
    unsigned number = 0;

    if (!isdigit((unsigned char) **at))
        return false;
    for (; isdigit((unsigned char) **at); (*at)++) {
        number = number * 10 + (unsigned) (**at - '0');
        if (number > most)
            return false;
    }
    *ret_number = number;
    return true;
}

/* [+-]HH[:MM[:SS]] */
static bool read_time(const char **at, unsigned most_hours, int64_t *ret_seconds) {
    bool negative = **at == '-';
    unsigned parts[3] = {0};

    *at += **at == '-' || **at == '+';
    if (!read_number(at, most_hours, &parts[0]))
        return false;
    for (unsigned i = 1; i < 3 && **at == ':'; i++) {
        (*at)++;
        if (!read_number(at, 59, &parts[i]))
            return false;
    }
    *ret_seconds = (int64_t) parts[0] * HOUR_S + parts[1] * 60 + parts[2];
    if (negative)
        *ret_seconds = -*ret_seconds;
    return true;
}

/* ,Mm.w.d[/time] */
static bool read_change(const char **at, struct change *ret_change) {
    ret_change->time_s = 2 * HOUR_S;
    if ((*at)[0] != ',' || (*at)[1] != 'M')
        return false;
    *at += 2;
    if (!read_number(at, 12, &ret_change->month) || ret_change->month == 0 || *(*at)++ != '.' ||
        !read_number(at, 5, &ret_change->week) || ret_change->week == 0 || *(*at)++ != '.' ||
        !read_number(at, 6, &ret_change->weekday))
        return false;
    if (**at != '/')
        return true;
    (*at)++;
    return read_time(at, CHANGE_HOURS_MAX, &ret_change->time_s);
}

/* Seconds since 1970, by the local clock before the change. */
static int64_t moment_of(const struct change *change, int64_t year) {
    int64_t first = days_from_civil(year, change->month, 1);
    int64_t next = change->month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, change->month + 1, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + ((int64_t) change->weekday - weekday + 7) % 7 + 7 * ((int64_t) change->week - 1);

    while (day >= next)
        day -= 7;
    return day * DAY_S + change->time_s;
}

bool qmon__zone_rule_offset(const char *rule, int64_t time_s, int64_t *ret_offset_s) {
    int64_t standard, summer;
    struct change begin, end;

    if (!skip_name(&rule) || !read_time(&rule, OFFSET_HOURS_MAX, &standard))
        return false;
    standard = -standard; /* the rule counts westwards */
    if (*rule == '\0') {
        *ret_offset_s = standard;
        return true;
    }
    summer = standard + HOUR_S;
    if (!skip_name(&rule))
        return false;
    if (*rule != ',') {
        if (!read_time(&rule, OFFSET_HOURS_MAX, &summer))
            return false;
        summer = -summer;
    }
    if (!read_change(&rule, &begin) || !read_change(&rule, &end) || *rule != '\0')
        return false;
    int64_t year = year_of(time_s + standard);
    int64_t from = moment_of(&begin, year) - standard, to = moment_of(&end, year) - summer;
    bool is_summer = from < to ? time_s >= from && time_s < to : time_s >= from || time_s < to;
    *ret_offset_s = is_summer ? summer : standard;
    return true;
}
