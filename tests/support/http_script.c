#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_script.h"

static const struct {
    const char *word;
    enum http_manner manner;
} manners[] = {
    {"ok", HTTP_ANSWER}, {"close", HTTP_CLOSE},     {"reset", HTTP_RESET},
    {"cut", HTTP_CUT},   {"garbage", HTTP_GARBAGE}, {"huge", HTTP_HUGE},
    {"drip", HTTP_DRIP}, {"hang", HTTP_HANG},       {"long-header", HTTP_LONG_HEADER},
};

/* Replies borrow these texts; they are kept for as long as the test runs. Several threads may make some. */
static struct kept {
    _Atomic(struct kept *) next;
    char text[];
} kept_texts;

static char *text(const char *format, const char *word) {
    size_t bytes = strlen(format) + strlen(word) + 1;
    struct kept *kept = calloc(1, sizeof *kept + bytes);

    if (!kept)
        return NULL;
    snprintf(kept->text, bytes, format, word);
    kept->next = atomic_exchange(&kept_texts.next, kept);
    return kept->text;
}

static bool parse_word(const char *word, struct http_reply *reply) {
    const char *value = strchr(word, ':');

    *reply = (struct http_reply){.manner = HTTP_ANSWER};
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
        if (strcmp(word, manners[i].word) != 0)
            continue;
        reply->manner = manners[i].manner;
        return true;
    }
    if (value && strncmp(word, "error:", 6) == 0) {
        reply->body = text("{\"ok\":false,\"error\":\"%s\"}", value + 1);
    } else if (value && strncmp(word, "text:", 5) == 0) {
        reply->body = text("%s", value + 1);
    } else if (value && strncmp(word, "slow:", 5) == 0) {
        reply->delay_ms = (unsigned) strtoul(value + 1, NULL, 10);
    } else {
        reply->status = atoi(word);
        reply->body = "{\"ok\":false}";
        if (value)
            reply->headers = text("Retry-After: %s\r\n", value + 1);
        return reply->status >= 200 && reply->status <= 599;
    }
    return true;
}

ssize_t http_script_parse(const char *words, struct http_reply *ret_replies, size_t most) {
    char *copy = strdup(words), *save = NULL;
    size_t count = 0;
    bool fine = copy != NULL;

    for (char *word = fine ? strtok_r(copy, ",", &save) : NULL; word && fine; word = strtok_r(NULL, ",", &save)) {
        char *star = strchr(word, '*');
        unsigned long times = star ? strtoul(star + 1, NULL, 10) : 1;
        if (star)
            *star = '\0';
        for (unsigned long i = 0; i < times && fine; i++)
            fine = count < most && parse_word(word, &ret_replies[count++]);
    }
    free(copy);
    return fine ? (ssize_t) count : -1;
}
