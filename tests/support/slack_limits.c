#include <json-c/json.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "slack_limits.h"

struct check {
    char *problem;
    size_t problem_bytes;
    char where[64];
};

static bool __attribute__((format(printf, 2, 3))) wrong(struct check *check, const char *format, ...) {
    char words[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(check->problem, check->problem_bytes, "%s: %s", check->where, words);
    return false;
}

/* Length in UTF-16 units; SIZE_MAX when the text is not UTF-8 (json-c lets anything through). */
static size_t units(const char *text) {
    size_t count = 0;

    for (const unsigned char *c = (const unsigned char *) text; *c;) {
        unsigned more = *c < 0x80 ? 0 : *c >= 0xc2 && *c < 0xe0 ? 1 : *c >= 0xe0 && *c < 0xf0 ? 2 : 3;
        if ((*c >= 0x80 && *c < 0xc2) || *c > 0xf4)
            return SIZE_MAX;
        for (unsigned i = 1; i <= more; i++)
            if ((c[i] & 0xc0) != 0x80)
                return SIZE_MAX;
        count += more == 3 ? 2 : 1;
        c += more + 1;
    }
    return count;
}

/* "<!date^SECONDS^FORMAT|FALLBACK>": the only thing in angle brackets that may stand in a message of ours. */
static const char *after_date(const char *at) {
    if (strncmp(at, "<!date^", 7) != 0)
        return NULL;
    at += 7;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || digits > 12 || at[digits] != '^')
        return NULL;
    const char *end = strpbrk(at, "<>&\n`");
    return end && *end == '>' && memchr(at, '|', (size_t) (end - at)) ? end + 1 : NULL;
}

static bool check_escapes(struct check *check, const char *text, bool mrkdwn) {
    for (const char *c = text; *c; c++) {
        if (*c == '&' && strncmp(c, "&amp;", 5) != 0 && strncmp(c, "&lt;", 4) != 0 && strncmp(c, "&gt;", 4) != 0)
            return wrong(check, "a bare & in: %.60s", c);
        if (*c == '>')
            return wrong(check, "a bare > in: %.60s", c);
        if ((unsigned char) *c < 0x20 && *c != '\n')
            return wrong(check, "control character %d", *c);
        if (*c != '<')
            continue;
        const char *end = mrkdwn ? after_date(c) : NULL;
        if (!end)
            return wrong(check, "a bare < in: %.60s", c);
        c = end - 1;
    }
    return true;
}

/* Code ends where it began: blocks are closed, inline code within its line. */
static bool check_code(struct check *check, const char *text) {
    bool in_block = false, in_span = false;

    for (const char *c = text; *c; c++) {
        if (strncmp(c, "```", 3) == 0 && !in_span) {
            in_block = !in_block;
            c += 2;
        } else if (*c == '`' && !in_block) {
            in_span = !in_span;
        } else if (*c == '`') {
            return wrong(check, "a backtick within a code block");
        } else if (*c == '\n' && in_span) {
            return wrong(check, "inline code over the end of a line");
        }
    }
    return in_block || in_span ? wrong(check, "code that is not closed") : true;
}

static struct json_object *member(struct json_object *object, const char *name, enum json_type type) {
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
        return NULL;
    return value;
}

static bool check_text(struct check *check, struct json_object *object, size_t most, const char *only) {
    struct json_object *type = member(object, "type", json_type_string),
                       *text = member(object, "text", json_type_string);
    const char *name = type ? json_object_get_string(type) : "";
    bool mrkdwn = strcmp(name, "mrkdwn") == 0;

    if (!json_object_is_type(object, json_type_object) || !text || (!mrkdwn && strcmp(name, "plain_text") != 0))
        return wrong(check, "not a text object");
    if (only && strcmp(name, only) != 0)
        return wrong(check, "a text object of type %s, not %s", name, only);
    size_t length = units(json_object_get_string(text));
    if (length == SIZE_MAX)
        return wrong(check, "not UTF-8");
    if (length == 0 || length > most)
        return wrong(check, "a text of %zu characters, 1 to %zu are allowed", length, most);
    json_object_object_foreach(object, key, value) {
        bool known = strcmp(key, "type") == 0 || strcmp(key, "text") == 0;
        if (!known && strcmp(key, mrkdwn ? "verbatim" : "emoji") != 0)
            return wrong(check, "a text object has a member %s", key);
        if (!known && !json_object_is_type(value, json_type_boolean))
            return wrong(check, "%s is not a boolean", key);
    }
    return check_escapes(check, json_object_get_string(text), mrkdwn) &&
           (!mrkdwn || check_code(check, json_object_get_string(text)));
}

static bool check_list(struct check *check, struct json_object *list, size_t most, size_t most_each) {
    size_t count = list ? json_object_array_length(list) : 0;

    if (count == 0 || count > most)
        return wrong(check, "%zu items, 1 to %zu are allowed", count, most);
    for (size_t i = 0; i < count; i++)
        if (!check_text(check, json_object_array_get_idx(list, i), most_each, NULL))
            return false;
    return true;
}

static bool check_block(struct check *check, struct json_object *block, size_t number) {
    struct json_object *type = member(block, "type", json_type_string);
    const char *name = type ? json_object_get_string(type) : "(none)";
    struct json_object *text = member(block, "text", json_type_object);

    snprintf(check->where, sizeof check->where, "block %zu (%.20s)", number, name);
    if (strcmp(name, "header") == 0)
        return text ? check_text(check, text, 150, "plain_text") : wrong(check, "no text");
    if (strcmp(name, "context") == 0)
        return check_list(check, member(block, "elements", json_type_array), 10, 2000);
    if (strcmp(name, "section") != 0)
        return wrong(check, "unknown type");
    if (text && !check_text(check, text, 3000, NULL))
        return false;
    struct json_object *fields = member(block, "fields", json_type_array);
    if (!text && !fields)
        return wrong(check, "neither text nor fields");
    return fields ? check_list(check, fields, 10, 2000) : true;
}

/* A message's moment, "1732104241.000100", or nothing. */
static bool check_moment(struct check *check, struct json_object *root, const char *name) {
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(root, name, &value))
        return true;
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    size_t digits = strspn(text, "0123456789");
    if (digits == 10 && text[digits] == '.' && strspn(text + digits + 1, "0123456789") == 6 && strlen(text) == 17)
        return true;
    return wrong(check, "%s is no message's", name);
}

static bool check_message(struct check *check, struct json_object *root, bool bot) {
    struct json_object *text = member(root, "text", json_type_string), *blocks = NULL;
    struct json_object *channel = member(root, "channel", json_type_string);

    if (!json_object_is_type(root, json_type_object))
        return wrong(check, "not an object");
    if (bot && (!channel || json_object_get_string_len(channel) == 0))
        return wrong(check, "no channel");
    if (!bot && channel)
        return wrong(check, "a channel, which webhooks do not take");
    if (!check_moment(check, root, "thread_ts") || !check_moment(check, root, "ts"))
        return false;
    size_t length = text ? units(json_object_get_string(text)) : 0;
    if (length == 0 || length > 40000)
        return wrong(check, "a text of %zu characters, 1 to 40000 are allowed", length);
    if (!check_escapes(check, json_object_get_string(text), false))
        return false;
    if (!json_object_object_get_ex(root, "blocks", &blocks))
        return true;
    size_t count = json_object_is_type(blocks, json_type_array) ? json_object_array_length(blocks) : 0;
    if (count == 0 || count > 50)
        return wrong(check, "%zu blocks, 1 to 50 are allowed", count);
    for (size_t i = 0; i < count; i++)
        if (!check_block(check, json_object_array_get_idx(blocks, i), i))
            return false;
    return true;
}

bool slack_limits_check(const char *json, size_t bytes, bool bot, char *ret_problem, size_t problem_bytes) {
    struct check check = {.problem = ret_problem, .problem_bytes = problem_bytes, .where = "message"};
    struct json_tokener *tokener = json_tokener_new_ex(16);

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tokener, json, (int) bytes + 1);
    bool fine = root ? check_message(&check, root, bot) : wrong(&check, "not JSON");
    json_object_put(root);
    json_tokener_free(tokener);
    return fine;
}
