/*
 * A time zone's file, and the rule at its end, which is also tried alone. The first 8 bytes of the input say which time is asked
 * for. Whatever is understood is an offset that a clock can have; what is not leaves the answer alone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zone.h"
#include "zone_rule.h"

#define UNTOUCHED INT64_MAX
#define LAST_S                                                                                                         \
    INT64_C(253402300799) /* of the year 9999; what is asked for are milliseconds since 1970 in 64 bits, at most */

static int64_t time_of(const uint8_t *data) {
    uint64_t bits;

    memcpy(&bits, data, sizeof bits);
    return (int64_t) (bits % (uint64_t) (4 * LAST_S)) - LAST_S;
}

static void check(bool known, int64_t offset_s) {
    if (known ? offset_s < -QMON__ZONE_OFFSET_MAX_S || offset_s > QMON__ZONE_OFFSET_MAX_S : offset_s != UNTOUCHED)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t time_s, offset_s = UNTOUCHED;

    if (size < sizeof time_s)
        return 0;
    time_s = time_of(data);
    size -= sizeof time_s;
    unsigned char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data + sizeof time_s, size);
    text[size] = '\0';
    bool known = qmon__zone_rule_offset((char *) text, time_s, &offset_s);
    check(known, offset_s);
    offset_s = UNTOUCHED;
    known = qmon__zone_offset_in(text, size, time_s, &offset_s);
    check(known, offset_s);
    free(text);
    return 0;
}
