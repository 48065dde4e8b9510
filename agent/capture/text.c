#include "text.h"

size_t qmon__copy_text(char *to, size_t bytes, const char *from) {
    size_t count = 0;
    while (count + 1 < bytes && from[count] != '\0') {
        to[count] = from[count];
        count++;
    }
    to[count] = '\0';
    return count;
}

bool qmon__parse_count(const char *text, uint64_t *ret_value) {
    uint64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t) (*text - '0');
    }
    *ret_value = value;
    return true;
}

static char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

bool qmon__same_word(const char *text, size_t bytes, const char *word) {
    size_t i = 0;
    for (; i < bytes && word[i] != '\0'; i++)
        if (to_lower(text[i]) != to_lower(word[i]))
            return false;
    return i == bytes && word[i] == '\0';
}

const char *qmon__base_name(const char *path) {
    const char *base = path;
    for (; *path != '\0'; path++)
        if (*path == '/')
            base = path + 1;
    return base;
}

bool qmon__matches(const char *pattern, size_t pattern_bytes, const char *text) {
    const char *end = pattern + pattern_bytes, *star = NULL, *resume = NULL;
    while (*text != '\0') {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (pattern < end && (*pattern == '?' || *pattern == *text)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}
