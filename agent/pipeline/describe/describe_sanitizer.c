/*
 * A sanitizer's summary: "SUMMARY: AddressSanitizer: heap-use-after-free /path/a.c:12 in f".
 */
#include <string.h>

#include <qmon/record.h>

#include "describe.h"

#define SUMMARY "SUMMARY: "
#define WORD_LIMIT 64

/* The next so many bytes and what separates them from the rest; NULL: the line is not of this form. */
static const char *take(struct qmon_event *event, const char **at, size_t bytes) {
    if (bytes == 0 || bytes > WORD_LIMIT)
        return NULL;
    const char *word = qmon_event_text_n(event, *at, bytes);
    *at += bytes;
    *at += strspn(*at, ": ");
    return word;
}

/* What was found is one word or several ("data race"), up to the place: a path, or something in brackets. */
static size_t bytes_of_found(const char *text) {
    size_t bytes = strcspn(text, " ");
    while (text[bytes] == ' ') {
        const char *word = text + bytes + 1;
        size_t length = strcspn(word, " ");
        if (length == 0 || *word == '(' || *word == '<' || memchr(word, '/', length) != NULL ||
            memchr(word, ':', length) != NULL)
            break;
        bytes += 1 + length;
    }
    return bytes;
}

bool qmon__describe_sanitizer(struct qmon_event *event, const struct qmon_crash_facts *facts,
                              struct qmon__cause *ret_cause) {
    if (facts->origin != QMON_ORIGIN_SANITIZER)
        return false;
    const char *at = facts->abort_message != NULL ? facts->abort_message : "";
    *ret_cause = (struct qmon__cause){.kind = "sanitizer",
                                      .title = "Sanitizer report",
                                      .detail = "A sanitizer found an error and ended the program."};
    event->code = "sanitizer";
    if (strncmp(at, SUMMARY, sizeof SUMMARY - 1) != 0)
        return true;
    at += sizeof SUMMARY - 1;
    const char *tool = take(event, &at, strcspn(at, ":"));
    const char *found = tool != NULL ? take(event, &at, bytes_of_found(at)) : NULL;
    if (found == NULL)
        return true;
    event->code = tool;
    ret_cause->title = qmon_event_format(event, "%s: %s", tool, found);
    ret_cause->detail = qmon_event_format(event, "%s found an error and ended the program: %s %s", tool, found, at);
    return true;
}
