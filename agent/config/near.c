#include "near.h"

#include <string.h>

#include <qmon/text.h>

/* In a short word fewer changes make another one. */
static unsigned most_changes(const char *word) {
    size_t half = strlen(word) / 2;

    return half < QMON__NEAR_CHANGES ? (unsigned) half : QMON__NEAR_CHANGES;
}

const char *qmon__near_word(const char *word, const char *const *known, size_t known_count) {
    unsigned fewest = most_changes(word) + 1;
    const char *best = NULL;

    for (size_t i = 0; i < known_count; i++) {
        unsigned changes = qmon_text_changes(word, known[i]);
        if (changes < fewest) {
            fewest = changes;
            best = known[i];
        }
    }
    return best;
}
