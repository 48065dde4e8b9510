/* zone.c: see zone.h. */
#include "zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zone_rule.h"

#define DIRECTORY "/usr/share/zoneinfo/"
#define FILE_BYTES 65536u
#define HEADER_BYTES 44u
#define TYPE_BYTES 6u

struct block {
    const unsigned char *times, *kinds, *types, *end;
    uint64_t time_count, type_count;
    unsigned time_bytes;
};

static int64_t big_endian(const unsigned char *at, unsigned bytes) {
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t) value;
}

/* A block of data from its header on; false: it is not all there. */
static bool read_block(const unsigned char *at, const unsigned char *end, unsigned time_bytes,
                       struct block *ret_block) {
    uint64_t counts[6]; /* UT flags, standard flags, leap seconds, times, types, characters of names */

    if ((size_t) (end - at) < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
        return false;
    for (unsigned i = 0; i < 6; i++) {
        counts[i] = (uint64_t) big_endian(at + 20 + 4 * i, 4);
        if (counts[i] > FILE_BYTES)
            return false;
    }
    ret_block->time_bytes = time_bytes;
    ret_block->time_count = counts[3];
    ret_block->type_count = counts[4];
    uint64_t bytes = counts[3] * (time_bytes + 1) + counts[4] * TYPE_BYTES + counts[5] + counts[2] * (time_bytes + 4) +
                     counts[1] + counts[0];
    if (counts[4] == 0 || bytes > (uint64_t) (end - at) - HEADER_BYTES)
        return false;
    ret_block->times = at + HEADER_BYTES;
    ret_block->kinds = ret_block->times + counts[3] * time_bytes;
    ret_block->types = ret_block->kinds + counts[3];
    ret_block->end = at + HEADER_BYTES + bytes;
    return true;
}

/* The number of the last change of the clock at or before this time, from 1; 0: it was before the first. */
static uint64_t changes_before(const struct block *block, int64_t time_s) {
    uint64_t low = 0, high = block->time_count;

    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (big_endian(block->times + middle * block->time_bytes, block->time_bytes) <= time_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool offset_of(const struct block *block, const char *rule, int64_t time_s, int64_t *ret_offset_s) {
    uint64_t change = changes_before(block, time_s);

    if (change == block->time_count && rule != NULL && qmon__zone_rule_offset(rule, time_s, ret_offset_s))
        return true;
    uint64_t type = change == 0 ? 0 : block->kinds[change - 1];
    if (type >= block->type_count)
        return false;
    int64_t offset_s = big_endian(block->types + type * TYPE_BYTES, 4);
    if (offset_s < -QMON__ZONE_OFFSET_MAX_S || offset_s > QMON__ZONE_OFFSET_MAX_S)
        return false;
    *ret_offset_s = offset_s;
    return true;
}

bool qmon__zone_offset_in(unsigned char *text, size_t bytes, int64_t time_s, int64_t *ret_offset_s) {
    struct block block;

    text[bytes] = '\0';
    if (!read_block(text, text + bytes, 4, &block))
        return false;
    if (text[4] < '2')
        return offset_of(&block, NULL, time_s, ret_offset_s);
    if (!read_block(block.end, text + bytes, 8, &block))
        return false;
    char *rule = (char *) block.end;
    if (rule[0] != '\n')
        return offset_of(&block, NULL, time_s, ret_offset_s);
    rule++;
    rule[strcspn(rule, "\n")] = '\0';
    return offset_of(&block, rule, time_s, ret_offset_s);
}

static bool is_name(const char *zone) {
    return zone[0] != '/' && strstr(zone, "..") == NULL &&
           strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == strlen(zone);
}

bool qmon__zone_offset(const char *zone, int64_t time_s, int64_t *ret_offset_s) {
    char path[128];
    struct tm civil;
    time_t seconds = (time_t) time_s;

    *ret_offset_s = 0;
    if (zone[0] == '\0') {
        *ret_offset_s = localtime_r(&seconds, &civil) != NULL ? civil.tm_gmtoff : 0;
        return true;
    }
    if (strcmp(zone, "UTC") == 0)
        return true;
    if (!is_name(zone) || snprintf(path, sizeof path, DIRECTORY "%s", zone) >= (int) sizeof path)
        return false;
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    unsigned char *text = file >= 0 ? malloc(FILE_BYTES + 1) : NULL;
    ssize_t bytes = text != NULL ? read(file, text, FILE_BYTES) : -1;
    bool fine = bytes > 0 && qmon__zone_offset_in(text, (size_t) bytes, time_s, ret_offset_s);
    free(text);
    if (file >= 0)
        close(file);
    return fine;
}
