#include "problems.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int replace_last_by_count(struct qmon_config *config) {
    char **last = &config->problems[QMON__PROBLEMS_MAX - 1];
    unsigned long more = 1;
    char *text;

    if (strncmp(*last, "and ", 4) == 0)
        more = strtoul(*last + 4, NULL, 10);
    if (asprintf(&text, "and %lu more problems", more + 1) < 0)
        return -ENOMEM;
    free(*last);
    *last = text;
    return 0;
}

int qmon__problem(struct qmon_config *config, const char *format, ...) {
    va_list arguments;
    char **grown;
    char *text;
    int length;

    if (config->problem_count == QMON__PROBLEMS_MAX)
        return replace_last_by_count(config);
    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return -ENOMEM;
    grown = realloc(config->problems, (config->problem_count + 1) * sizeof *grown);
    if (grown == NULL) {
        free(text);
        return -ENOMEM;
    }
    config->problems = grown;
    config->problems[config->problem_count++] = text;
    return 0;
}

const char *qmon__printable(const char *text, size_t bytes, char *ret_text, size_t ret_bytes) {
    static const char more[] = "...";
    size_t room = ret_bytes - 1;
    size_t count = bytes;

    if (count > room)
        count = room - (sizeof more - 1);
    for (size_t i = 0; i < count; i++)
        ret_text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    ret_text[count] = '\0';
    if (count < bytes)
        memcpy(ret_text + count, more, sizeof more);
    return ret_text;
}
