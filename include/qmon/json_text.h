/*
 * json_text.h: a value of the JSON configuration as an environment variable would say it. For the agent, which must know a few
 * options inside the host, where no JSON library may be loaded; the receiver reads the same file with one. Inline, because
 * the two halves share no code.
 *
 * No recursion, no memory, no calls but those of string.h; whatever the text is, nothing outside it is read. A text that is not valid JSON
 * may give a value or none. SIGNAL SAFETY: async-signal-safe.
 */
#ifndef QMON_JSON_TEXT_H
#define QMON_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct qmon__json_span {
    const char *at, *end;
};

static inline void qmon__json_skip_space(struct qmon__json_span *json) {
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
        json->at++;
}

static inline bool qmon__json_is_at(const struct qmon__json_span *json, char c) {
    return json->at < json->end && *json->at == c;
}

/* Over a string; *ret_text is what stands between its quotes. */
static inline void qmon__json_skip_string(struct qmon__json_span *json, struct qmon__json_span *ret_text) {
    ret_text->at = ++json->at;
    while (json->at < json->end && *json->at != '"')
        json->at += *json->at == '\\' && json->end - json->at > 1 ? 2 : 1;
    ret_text->end = json->at;
    if (json->at < json->end)
        json->at++;
}

/* Over a value of any kind. */
static inline void qmon__json_skip_value(struct qmon__json_span *json) {
    struct qmon__json_span text;
    size_t depth = 0;

    do {
        qmon__json_skip_space(json);
        if (json->at == json->end)
            return;
        if (*json->at == '"') {
            qmon__json_skip_string(json, &text);
        } else if (*json->at == '{' || *json->at == '[') {
            depth++;
            json->at++;
        } else if (*json->at == '}' || *json->at == ']') {
            if (depth == 0)
                return;
            depth--;
            json->at++;
        } else if (*json->at == ',' || *json->at == ':') {
            if (depth == 0)
                return;
            json->at++;
        } else {
            while (json->at < json->end && memchr(",:]}\" \t\r\n", *json->at, 9) == NULL)
                json->at++;
        }
    } while (depth > 0);
}

/* The value of a member of the object that *object begins with; of several of that name the last. */
static inline bool qmon__json_member(struct qmon__json_span object, const char *name, size_t name_bytes,
                                     struct qmon__json_span *ret_value) {
    bool found = false;

    qmon__json_skip_space(&object);
    if (!qmon__json_is_at(&object, '{'))
        return false;
    object.at++;
    for (;;) {
        struct qmon__json_span key, value;
        qmon__json_skip_space(&object);
        if (!qmon__json_is_at(&object, '"'))
            return found;
        qmon__json_skip_string(&object, &key);
        qmon__json_skip_space(&object);
        if (!qmon__json_is_at(&object, ':'))
            return found;
        object.at++;
        qmon__json_skip_space(&object);
        value.at = object.at;
        qmon__json_skip_value(&object);
        value.end = object.at;
        if ((size_t) (key.end - key.at) == name_bytes && memcmp(key.at, name, name_bytes) == 0) {
            *ret_value = value;
            found = true;
        }
        qmon__json_skip_space(&object);
        if (!qmon__json_is_at(&object, ','))
            return found;
        object.at++;
    }
}

/* Appends a string, a number, true or false to what stands in [*to, end). */
static inline bool qmon__json_put_scalar(struct qmon__json_span *json, char **to, const char *end) {
    struct qmon__json_span text = *json;

    if (qmon__json_is_at(json, '"')) {
        qmon__json_skip_string(json, &text);
    } else {
        qmon__json_skip_value(json);
        text.end = json->at;
        if (text.at == text.end || *text.at == '{' || *text.at == '[')
            return false;
    }
    for (; text.at < text.end; text.at++) {
        char c = *text.at;
        if (c == '\\') { /* the simplest only: the receiver reads the others */
            c = text.end - text.at > 1 ? *++text.at : '\0';
            if (c != '"' && c != '\\' && c != '/')
                return false;
        }
        if (*to == end || (unsigned char) c < ' ')
            return false;
        *(*to)++ = c;
    }
    return true;
}

/* Texts, numbers, true and false as they are, the items of a list with commas between them. `path` is "dedup.window". Returns
 * the length; 0 where there is no such value, or none that could be said so, or no room. ret_text is NUL-terminated then. */
static inline size_t qmon_json_text(const char *json, size_t bytes, const char *path, char *ret_text,
                                    size_t ret_bytes) {
    struct qmon__json_span value = {json, json + bytes};
    char *to = ret_text;
    const char *end = ret_text + ret_bytes - 1;

    if (bytes >= 3 && memcmp(json, "\xef\xbb\xbf", 3) == 0)
        value.at += 3;
    for (const char *name = path; *name != '\0';) {
        size_t name_bytes = strcspn(name, ".");
        if (!qmon__json_member(value, name, name_bytes, &value))
            return 0;
        name += name_bytes + (name[name_bytes] == '.');
    }
    if (value.end - value.at == 4 && memcmp(value.at, "null", 4) == 0)
        return 0;
    if (!qmon__json_is_at(&value, '[')) {
        if (!qmon__json_put_scalar(&value, &to, end))
            return 0;
        *to = '\0';
        return (size_t) (to - ret_text);
    }
    value.at++;
    for (qmon__json_skip_space(&value); !qmon__json_is_at(&value, ']'); qmon__json_skip_space(&value)) {
        if (!qmon__json_put_scalar(&value, &to, end) || to == end)
            return 0;
        *to++ = ',';
        qmon__json_skip_space(&value);
        if (qmon__json_is_at(&value, ','))
            value.at++;
        else if (!qmon__json_is_at(&value, ']'))
            return 0;
    }
    *to = '\0';
    return (size_t) (to - ret_text);
}

#endif
