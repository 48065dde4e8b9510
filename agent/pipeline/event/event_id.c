/* event_id.c: what tells events apart and orders them: UUIDs and times. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define NS_PER_S 1000000000u
#define NS_PER_MS 1000000u
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

/* The kernel's random numbers, also early at boot; should it refuse, time, process and a counter still make the id unique
 * on this host. */
static void random_bytes(uint64_t now_ns, unsigned char *bytes, size_t count) {
    if (getrandom(bytes, count, GRND_NONBLOCK) == (ssize_t) count)
        return;
    static _Atomic uint64_t counter;
    uint64_t mixed = now_ns ^ ((uint64_t) getpid() << 40) ^ (atomic_fetch_add(&counter, 1) << 20);
    for (size_t i = 0; i < count; i++) {
        mixed = mixed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (unsigned char) (mixed >> 56);
    }
}

void qmon__uuid_v7(uint64_t now_ns, char ret_id[QMON_EVENT_ID_BYTES]) {
    unsigned char bytes[16];
    uint64_t ms = now_ns / NS_PER_MS;
    unsigned fraction = (unsigned) ((now_ns % NS_PER_MS) * 4096 / NS_PER_MS);

    random_bytes(now_ns, bytes, sizeof bytes);
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char) (ms >> (40 - 8 * i));
    bytes[6] = (unsigned char) (0x70 | fraction >> 8);
    bytes[7] = (unsigned char) fraction;
    bytes[8] = (unsigned char) (0x80 | (bytes[8] & 0x3f));

    char *to = ret_id;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        to += snprintf(to, 3, "%02x", bytes[i]);
    }
}

void qmon__time_text(uint64_t time_ns, char ret_text[QMON__TIME_BYTES]) {
    time_t seconds = (time_t) (time_ns / NS_PER_S);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t length = strftime(ret_text, QMON__TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret_text + length, QMON__TIME_BYTES - length, ".%09uZ", (unsigned) (time_ns % NS_PER_S));
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, years counted from March. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - DAYS_TO_1970;
}

/* Reads exactly `digits` decimal digits. */
static bool take_number(const char **text, int digits, int low, int high, int64_t *ret_value) {
    int value = 0;
    for (int i = 0; i < digits; i++, ++*text) {
        if (**text < '0' || **text > '9')
            return false;
        value = value * 10 + (**text - '0');
    }
    *ret_value = value;
    return value >= low && value <= high;
}

static bool take(const char **text, char wanted) {
    if (**text != wanted)
        return false;
    ++*text;
    return true;
}

static bool take_fraction(const char **text, uint64_t *ret_ns) {
    uint64_t ns = 0, unit = NS_PER_S / 10;
    if (!take(text, '.'))
        return true;
    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; ++*text, unit /= 10)
        ns += (uint64_t) (**text - '0') * unit;
    *ret_ns = ns;
    return true;
}

static bool take_offset(const char **text, int64_t *ret_offset_s) {
    if (take(text, 'Z') || take(text, 'z'))
        return true;
    int64_t hours, minutes, sign = **text == '-' ? -1 : 1;
    if (!take(text, '+') && !take(text, '-'))
        return false;
    if (!take_number(text, 2, 0, 23, &hours) || !take(text, ':') || !take_number(text, 2, 0, 59, &minutes))
        return false;
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

int qmon__time_parse(const char *text, uint64_t *ret_time_ns) {
    int64_t year, month, day, hour, minute, second, offset_s = 0;
    uint64_t fraction_ns = 0;
    if (!take_number(&text, 4, 1970, 2554, &year) || !take(&text, '-') || !take_number(&text, 2, 1, 12, &month) ||
        !take(&text, '-') || !take_number(&text, 2, 1, 31, &day))
        return -EINVAL;
    if (!take(&text, 'T') && !take(&text, 't') && !take(&text, ' '))
        return -EINVAL;
    if (!take_number(&text, 2, 0, 23, &hour) || !take(&text, ':') || !take_number(&text, 2, 0, 59, &minute) ||
        !take(&text, ':') || !take_number(&text, 2, 0, 60, &second))
        return -EINVAL;
    if (!take_fraction(&text, &fraction_ns) || !take_offset(&text, &offset_s) || *text)
        return -EINVAL;
    int64_t seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s;
    uint64_t time_ns;
    if (seconds < 0 || __builtin_mul_overflow((uint64_t) seconds, (uint64_t) NS_PER_S, &time_ns) ||
        __builtin_add_overflow(time_ns, fraction_ns, &time_ns))
        return -EINVAL;
    *ret_time_ns = time_ns;
    return 0;
}
