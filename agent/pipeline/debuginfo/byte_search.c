/* byte_search.c: two bytes of what is sought are compared at 64 places at once; where both are right, the rest is. */
#include "byte_search.h"

#define LANES 16u
#define STEP 64u

typedef unsigned char lanes __attribute__((vector_size(LANES)));
typedef uint64_t halves __attribute__((vector_size(LANES)));

/* The two bytes, each in every lane. */
struct pair {
    lanes first, second;
};

/* All bits of a lane are set where both are right. */
static inline lanes compare(const unsigned char *first, const unsigned char *second, const struct pair *wanted) {
    lanes one, other;
    memcpy(&one, first, sizeof one);
    memcpy(&other, second, sizeof other);
    return (lanes) (one == wanted->first) & (lanes) (other == wanted->second);
}

/* Of all bytes in debug information these are the commonest. */
static bool is_common(unsigned char byte) {
    return byte < 0x10 || byte == 0xff;
}

/* Two bytes that are not common, else the first two. */
static void choose(const struct qmon__needle *needle, size_t *ret_first, size_t *ret_second) {
    size_t chosen[2] = {0, needle->count > 1 ? 1 : 0}, count = 0;
    for (size_t i = 0; i < needle->count && count < 2; i++)
        if (!is_common(needle->bytes[i]))
            chosen[count++] = i;
    if (count == 1)
        chosen[1] = chosen[0] ? chosen[0] - 1 : (needle->count > 1 ? 1 : 0);
    *ret_first = chosen[0];
    *ret_second = chosen[1];
}

size_t qmon__bytes_find(struct qmon__bytes in, size_t from, const struct qmon__needle *needle) {
    size_t first, second;
    if (!in.at || !needle->count || from > in.count || needle->count > in.count - from)
        return SIZE_MAX;
    choose(needle, &first, &second);
    const struct pair wanted = {(lanes){0} + needle->bytes[first], (lanes){0} + needle->bytes[second]};
    const size_t end = in.count - needle->count + 1; /* of the places where it may begin */
    size_t at = from;
    for (; at + STEP <= end; at += STEP) {
        const unsigned char *one = in.at + at + first, *other = in.at + at + second;
        const halves hit = (halves) (compare(one, other, &wanted) | compare(one + LANES, other + LANES, &wanted) |
                                     compare(one + 2 * LANES, other + 2 * LANES, &wanted) |
                                     compare(one + 3 * LANES, other + 3 * LANES, &wanted));
        if (!(hit[0] | hit[1]))
            continue;
        for (size_t i = at; i < at + STEP; i++)
            if (in.at[i + first] == needle->bytes[first] && !memcmp(in.at + i, needle->bytes, needle->count))
                return i;
    }
    for (; at < end; at++)
        if (!memcmp(in.at + at, needle->bytes, needle->count))
            return at;
    return SIZE_MAX;
}
