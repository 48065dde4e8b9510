/* header_list.c: see header_list.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "header_list.h"

static const char token_marks[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* What the request itself says, or what would make another request of it. */
static bool is_ours(const char *name, size_t bytes) {
    static const char *const names[] = {"Content-Length", "Transfer-Encoding", "Host",
                                        "Connection",     "Content-Type",      "Expect"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == bytes && strncasecmp(names[i], name, bytes) == 0)
            return true;
    return false;
}

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decoded to *at; false: it holds what no header may hold. */
static bool decode_value(const char *value, size_t bytes, char **at) {
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char) value[i];
        if (c == '%' && i + 2 < bytes && hex(value[i + 1]) >= 0 && hex(value[i + 2]) >= 0) {
            c = (unsigned char) (hex(value[i + 1]) * 16 + hex(value[i + 2]));
            i += 2;
        }
        if (c < ' ' || c == 0x7f)
            return false;
        *(*at)++ = (char) c;
    }
    return true;
}

static void trim(const char **text, size_t *bytes) {
    while (*bytes > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*bytes)--;
    }
    while (*bytes > 0 && ((*text)[*bytes - 1] == ' ' || (*text)[*bytes - 1] == '\t'))
        (*bytes)--;
}

static const char *add_pair(struct qmon__header_list *list, const char *pair, size_t bytes, char **at) {
    const char *equals = memchr(pair, '=', bytes), *name = pair;

    if (!equals || equals == pair)
        return "a header without a name or without '='";
    const char *value = equals + 1;
    size_t value_bytes = bytes - (size_t) (value - pair), name_bytes = (size_t) (equals - pair);
    trim(&name, &name_bytes);
    trim(&value, &value_bytes);
    if (name_bytes == 0 || strspn(name, token_marks) < name_bytes)
        return "a header's name has characters that no name has";
    if (is_ours(name, name_bytes))
        return "a header that only the request itself may set";
    if (list->count == QMON__HEADERS)
        return "more than 16 headers";
    list->items[list->count++] = *at;
    memcpy(*at, name, name_bytes);
    *at += name_bytes;
    *(*at)++ = ':';
    *(*at)++ = ' ';
    if (!decode_value(value, value_bytes, at))
        return "a header's value has control characters";
    *(*at)++ = '\0';
    return NULL;
}

bool qmon__header_list_begin(const char *setting, struct qmon__header_list *ret_list, const char **ret_problem) {
    size_t length = setting ? strlen(setting) : 0;
    char *at = length ? malloc(length + 2 * QMON__HEADERS + 1) : NULL;

    *ret_list = (struct qmon__header_list){.memory = at};
    *ret_problem = length && !at ? "out of memory" : NULL;
    while (at && *setting && !*ret_problem) {
        size_t bytes = strcspn(setting, ","), pair_bytes = bytes;
        const char *pair = setting;
        trim(&pair, &pair_bytes);
        if (pair_bytes > 0)
            *ret_problem = add_pair(ret_list, pair, pair_bytes, &at);
        setting += bytes + (setting[bytes] == ',');
    }
    if (*ret_problem)
        ret_list->count = 0;
    ret_list->items[ret_list->count] = NULL;
    return *ret_problem == NULL;
}

void qmon__header_list_end(struct qmon__header_list *list) {
    free(list->memory);
    *list = (struct qmon__header_list){0};
}
