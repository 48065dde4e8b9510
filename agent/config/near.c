#include "near.h"

#include <string.h>

#define BYTES 48

unsigned qmon__changes_between(const char *one, const char *other) {
    unsigned row[BYTES + 1];
    size_t bytes = strlen(other);

    if (bytes > BYTES || strlen(one) > BYTES)
        return BYTES;
    for (size_t i = 0; i <= bytes; i++)
        row[i] = (unsigned) i;
    for (unsigned line = 1; one[line - 1] != '\0'; line++) {
        unsigned diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= bytes; i++) {
            unsigned best = diagonal + (one[line - 1] != other[i - 1]);
            diagonal = row[i];
            if (row[i] + 1 < best)
                best = row[i] + 1;
            if (row[i - 1] + 1 < best)
                best = row[i - 1] + 1;
            row[i] = best;
        }
    }
    return row[bytes];
}

/* In a short word fewer changes make another one. */
static unsigned most_changes(const char *word) {
    size_t half = strlen(word) / 2;

    return half < QMON__NEAR_CHANGES ? (unsigned) half : QMON__NEAR_CHANGES;
}

const char *qmon__near_word(const char *word, const char *const *known, size_t known_count) {
    unsigned fewest = most_changes(word) + 1;
    const char *best = NULL;

    for (size_t i = 0; i < known_count; i++) {
        unsigned changes = qmon__changes_between(word, known[i]);
        if (changes < fewest) {
            fewest = changes;
            best = known[i];
        }
    }
    return best;
}
