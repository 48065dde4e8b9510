#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options.h"
#include "problems.h"

static void *field_of(const struct qmon_config *config, const struct qmon_option *option) {
    return (char *) config + option->offset;
}

__attribute__((format(printf, 2, 3))) static int refuse(char *ret_why, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ret_why, QMON__WHY_BYTES, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void trim(const char **text, size_t *bytes) {
    while (*bytes > 0 && is_space(**text)) {
        (*text)++;
        (*bytes)--;
    }
    while (*bytes > 0 && is_space((*text)[*bytes - 1]))
        (*bytes)--;
}

static bool has_control_characters(const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
            return true;
    return false;
}

static int set_text(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                    char *ret_why) {
    char **field = field_of(config, option);
    char *copy;

    if (bytes > QMON__TEXT_BYTES_MAX)
        return refuse(ret_why, "is longer than %u bytes", QMON__TEXT_BYTES_MAX);
    if (has_control_characters(text, bytes))
        return refuse(ret_why, "holds a control character");
    copy = strndup(text, bytes);
    if (copy == NULL)
        return -ENOMEM;
    free(*field);
    *field = copy;
    return 0;
}

int qmon__value_set_count(struct qmon_config *config, const struct qmon_option *option, uint64_t value, char *ret_why) {
    struct qmon_option_range range = qmon_option_range(option);

    if (value < range.low || value > range.high)
        return refuse(ret_why, "is not between %" PRIu64 " and %" PRIu64, range.low, range.high);
    *(uint64_t *) field_of(config, option) = value;
    return 0;
}

static int set_count(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                     char *ret_why) {
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return refuse(ret_why, "is not a number");
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t) (text[i] - '0'), &value))
            value = UINT64_MAX;
    }
    if (bytes == 0)
        return refuse(ret_why, "is not a number");
    return qmon__value_set_count(config, option, value, ret_why);
}

static bool is_word(const char *word, const char *text, size_t bytes) {
    return strlen(word) == bytes && strncasecmp(word, text, bytes) == 0;
}

static int set_who(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                   char *ret_why) {
    static const char *const words[] = {[QMON_WHO_OFF] = "off", [QMON_WHO_ROOT] = "root", [QMON_WHO_ALL] = "all"};

    for (int who = QMON_WHO_OFF; who <= QMON_WHO_ALL; who++)
        if (is_word(words[who], text, bytes)) {
            *(enum qmon_who *) field_of(config, option) = (enum qmon_who) who;
            return 0;
        }
    return refuse(ret_why, "is none of root, all, off");
}

void qmon__value_set_switch(struct qmon_config *config, const struct qmon_option *option, bool value) {
    *(bool *) field_of(config, option) = value;
}

static int set_switch(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                      char *ret_why) {
    static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_word(words[i], text, bytes)) {
            qmon__value_set_switch(config, option, i % 2 == 1);
            return 0;
        }
    return refuse(ret_why, "is none of 1, 0, yes, no, true, false, on, off");
}

int qmon__list_add(struct qmon_patterns *list, const char *text, size_t bytes, char *ret_why) {
    char **grown;

    trim(&text, &bytes);
    if (bytes == 0)
        return 0;
    if (list->count == QMON__LIST_ITEMS_MAX)
        return refuse(ret_why, "has more than %u items", QMON__LIST_ITEMS_MAX);
    if (bytes > QMON__LIST_ITEM_BYTES_MAX)
        return refuse(ret_why, "has an item longer than %u bytes", QMON__LIST_ITEM_BYTES_MAX);
    if (has_control_characters(text, bytes))
        return refuse(ret_why, "holds a control character");
    grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (grown == NULL)
        return -ENOMEM;
    list->items = grown;
    list->items[list->count] = strndup(text, bytes);
    if (list->items[list->count] == NULL)
        return -ENOMEM;
    list->count++;
    return 0;
}

void qmon__list_clear(struct qmon_patterns *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct qmon_patterns){NULL, 0};
}

void qmon__value_set_list(struct qmon_config *config, const struct qmon_option *option, struct qmon_patterns *list) {
    struct qmon_patterns *field = field_of(config, option);

    qmon__list_clear(field);
    *field = *list;
    *list = (struct qmon_patterns){NULL, 0};
}

static int set_list(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                    char *ret_why) {
    struct qmon_patterns list = {NULL, 0};
    int r = 0;

    while (r == 0 && bytes > 0) {
        const char *comma = memchr(text, ',', bytes);
        size_t item = comma == NULL ? bytes : (size_t) (comma - text);
        r = qmon__list_add(&list, text, item, ret_why);
        text += item + (comma != NULL);
        bytes -= item + (comma != NULL);
    }
    if (r == 0)
        qmon__value_set_list(config, option, &list);
    qmon__list_clear(&list);
    return r;
}

int qmon__value_set(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                    char *ret_why) {
    static int (*const setters[])(struct qmon_config *, const struct qmon_option *, const char *, size_t, char *) = {
        [QMON_VALUE_TEXT] = set_text,     [QMON_VALUE_COUNT] = set_count, [QMON_VALUE_WHO] = set_who,
        [QMON_VALUE_SWITCH] = set_switch, [QMON_VALUE_LIST] = set_list,
    };

    trim(&text, &bytes);
    return setters[option->kind](config, option, text, bytes, ret_why);
}

static void show_set_elsewhere(bool is_default, const char *fallback, char *ret_text, size_t bytes) {
    if (!is_default)
        snprintf(ret_text, bytes, "the value set elsewhere");
    else if (fallback[0] == '\0')
        snprintf(ret_text, bytes, "nothing");
    else
        snprintf(ret_text, bytes, "\"%s\"", fallback);
}

void qmon__value_show(const struct qmon_config *config, const struct qmon_option *option, char *ret_text,
                      size_t bytes) {
    static const char *const who[] = {"off", "root", "all"};
    const void *field = field_of(config, option);

    switch (option->kind) {
    case QMON_VALUE_TEXT:
        show_set_elsewhere(strcmp(*(char *const *) field, option->fallback) == 0, option->fallback, ret_text, bytes);
        break;
    case QMON_VALUE_LIST:
        show_set_elsewhere(((const struct qmon_patterns *) field)->count == 0, "", ret_text, bytes);
        break;
    case QMON_VALUE_COUNT:
        snprintf(ret_text, bytes, "%" PRIu64, *(const uint64_t *) field);
        break;
    case QMON_VALUE_WHO:
        snprintf(ret_text, bytes, "%s", who[*(const enum qmon_who *) field]);
        break;
    case QMON_VALUE_SWITCH:
        snprintf(ret_text, bytes, "%s", *(const bool *) field ? "on" : "off");
        break;
    }
}

void qmon__value_free(struct qmon_config *config, const struct qmon_option *option) {
    if (option->kind == QMON_VALUE_TEXT)
        free(*(char **) field_of(config, option));
    else if (option->kind == QMON_VALUE_LIST)
        qmon__list_clear(field_of(config, option));
}
