#include "when.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_MS UINT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static const struct unit {
    const char *name;
    uint64_t ms;
} units[] = {
    {"ms", 1}, {"min", MINUTE_MS}, {"m", MINUTE_MS}, {"s", SECOND_MS}, {"h", HOUR_MS}, {"d", DAY_MS}, {"w", 7 * DAY_MS},
};

/* The unit that text begins with; a number at the end of the text is seconds. */
static const struct unit *unit_of(const char *text) {
    static const struct unit seconds = {"", SECOND_MS};

    if (!*text)
        return &seconds;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
            return &units[i];
    return NULL;
}

bool qmon__cli_parse_duration(const char *text, uint64_t *ret_ms) {
    uint64_t total = 0;

    if (!*text)
        return false;
    while (*text) {
        uint64_t number = 0, part;
        const struct unit *unit;

        if (*text < '0' || *text > '9')
            return false;
        for (; *text >= '0' && *text <= '9'; text++)
            if (__builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, (uint64_t) (*text - '0'), &number))
                return false;
        unit = unit_of(text);
        if (!unit || __builtin_mul_overflow(number, unit->ms, &part) || __builtin_add_overflow(total, part, &total))
            return false;
        text += strlen(unit->name);
    }
    *ret_ms = total;
    return true;
}

char *qmon__cli_relative(uint64_t time_ms, uint64_t now_ms, char *ret_text, size_t bytes) {
    bool future = time_ms > now_ms;
    uint64_t apart = future ? time_ms - now_ms : now_ms - time_ms;
    uint64_t number = apart / DAY_MS;
    const char *unit = "d";

    if (apart < SECOND_MS) {
        snprintf(ret_text, bytes, "just now");
        return ret_text;
    }
    if (apart < MINUTE_MS)
        number = apart / SECOND_MS, unit = "s";
    else if (apart < HOUR_MS)
        number = apart / MINUTE_MS, unit = "min";
    else if (apart < 2 * DAY_MS)
        number = apart / HOUR_MS, unit = "h";
    snprintf(ret_text, bytes, future ? "in %" PRIu64 " %s" : "%" PRIu64 " %s ago", number, unit);
    return ret_text;
}

static char *format_local(uint64_t time_ms, const char *format, char *ret_text, size_t bytes) {
    time_t seconds = (time_t) (time_ms / 1000);
    struct tm parts;

    if (!localtime_r(&seconds, &parts) || strftime(ret_text, bytes, format, &parts) == 0)
        snprintf(ret_text, bytes, "(no such time)");
    return ret_text;
}

char *qmon__cli_local(uint64_t time_ms, char *ret_text, size_t bytes) {
    return format_local(time_ms, "%Y-%m-%d %H:%M:%S %z", ret_text, bytes);
}

char *qmon__cli_short(uint64_t time_ms, uint64_t now_ms, char *ret_text, size_t bytes) {
    if (time_ms <= now_ms + MINUTE_MS && now_ms < time_ms + 18 * HOUR_MS)
        return format_local(time_ms, "%H:%M:%S", ret_text, bytes);
    if (time_ms <= now_ms && now_ms < time_ms + 180 * DAY_MS)
        return format_local(time_ms, "%b %e %H:%M", ret_text, bytes);
    return format_local(time_ms, "%Y-%m-%d", ret_text, bytes);
}
