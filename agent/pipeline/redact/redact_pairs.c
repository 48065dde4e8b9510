/* redact_pairs.c: secrets that stand behind what names them: keys, options, headers, the user in a URL. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "redact.h"

static char char_at(const struct qmon__scan *scan, size_t at) {
    return at < scan->bytes ? scan->text[at] : '\0';
}

static size_t skip_blanks(const struct qmon__scan *scan, size_t at) {
    while (char_at(scan, at) == ' ' || char_at(scan, at) == '\t')
        at++;
    return at;
}

static size_t name_end(const struct qmon__scan *scan, size_t at) {
    while (qmon__is_name(char_at(scan, at)))
        at++;
    return at;
}

/* A separator in a list of pairs, "&user=" in "password=x&user=y", ends a value; one that is part of it does not. */
static bool begins_next_pair(const struct qmon__scan *scan, size_t at) {
    if (!strchr("&,;", scan->text[at]))
        return false;
    size_t from = skip_blanks(scan, at + 1);
    if (char_at(scan, from) == '"' || char_at(scan, from) == '\'')
        from++;
    size_t to = name_end(scan, from);
    if (char_at(scan, to) == '"' || char_at(scan, to) == '\'')
        to++;
    return to > from && (char_at(scan, to) == '=' || char_at(scan, to) == ':');
}

/* How many backslashes stand before `at`, not counting those before `from`. */
static size_t escapes_before(const struct qmon__scan *scan, size_t from, size_t at) {
    size_t count = 0;

    while (at - count > from && scan->text[at - count - 1] == '\\')
        count++;
    return count;
}

/* Up to the closing quote. JSON in JSON escapes its quotes: \"key\":\"value\"; the closing one is like the opening one. */
static struct qmon__secret take_quoted(const struct qmon__scan *scan, size_t at, size_t depth) {
    for (size_t to = at + 1; to < scan->bytes; to++) {
        if (scan->text[to] != scan->text[at])
            continue;
        size_t escapes = escapes_before(scan, at + 1, to);
        if (depth == 0 ? escapes % 2 == 0 : escapes <= depth)
            return (struct qmon__secret){at + 1, depth == 0 ? to : to - escapes};
    }
    return (struct qmon__secret){at + 1, scan->bytes};
}

/* The value that begins at `at`: in quotes, or up to a blank or the next pair. */
static struct qmon__secret take_value(const struct qmon__scan *scan, size_t at) {
    size_t depth = 0;

    while (char_at(scan, at + depth) == '\\')
        depth++;
    char first = char_at(scan, at + depth);
    if (first == '"' || first == '\'')
        return take_quoted(scan, at + depth, depth);
    size_t to = at;
    while (to < scan->bytes && !qmon__is_blank(scan->text[to]) && !begins_next_pair(scan, to) &&
           scan->text[to] != '"' && scan->text[to] != '\'')
        to++;
    return (struct qmon__secret){at, to};
}

/* Where the value behind a name begins: behind '=' or ':', or, for an option, a blank. SIZE_MAX: there is none. */
static size_t value_start(const struct qmon__scan *scan, size_t at, size_t end) {
    size_t behind = end;

    while (char_at(scan, behind) == '\\')
        behind++;
    if (char_at(scan, behind) == '"' || char_at(scan, behind) == '\'')
        behind++;
    behind = skip_blanks(scan, behind);
    if (char_at(scan, behind) == '=' || char_at(scan, behind) == ':') {
        behind += char_at(scan, behind + 1) == '=' || char_at(scan, behind + 1) == '>' ? 2 : 1;
        return skip_blanks(scan, behind);
    }
    bool option = scan->text[at] == '-' && char_at(scan, at + 1) == '-';
    if (option && behind > end && char_at(scan, behind) != '-')
        return behind;
    return SIZE_MAX;
}

bool qmon__secret_pair(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    if (!qmon__is_name(scan->text[at]) || (at > 0 && qmon__is_name(scan->text[at - 1])))
        return false;
    size_t end = name_end(scan, at);
    size_t start = value_start(scan, at, end);
    if (start == SIZE_MAX || start >= scan->bytes || !qmon__names_secret(scan->text + at, end - at))
        return false;
    *ret_secret = take_value(scan, start);
    return true;
}

static size_t line_end(const struct qmon__scan *scan, size_t at, char quote) {
    while (at < scan->bytes && scan->text[at] != '\n' && scan->text[at] != '\r' && scan->text[at] != quote)
        at++;
    return at;
}

static char quote_before(const struct qmon__scan *scan, size_t at) {
    char before = at > 0 ? scan->text[at - 1] : '\0';
    return before == '"' || before == '\'' ? before : '\0';
}

static bool is_whole_word(const struct qmon__scan *scan, size_t at, size_t bytes) {
    return (at == 0 || !isalnum((unsigned char) scan->text[at - 1])) &&
           !isalnum((unsigned char) char_at(scan, at + bytes));
}

/* "Bearer SECRET", wherever it stands. */
static bool bearer(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    if (!qmon__stands_at(scan, at, "bearer ") || !is_whole_word(scan, at, 6))
        return false;
    size_t from = skip_blanks(scan, at + 7), to = from;
    while (to < scan->bytes && !qmon__is_blank(scan->text[to]) && scan->text[to] != '"' && scan->text[to] != '\'')
        to++;
    *ret_secret = (struct qmon__secret){from, to};
    return to - from >= 8;
}

bool qmon__secret_header(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    static const char *const headers[] = {"authorization", "cookie", "x-api-key", "x-auth-token",
                                          "x-amz-security-token"};

    if (bearer(scan, at, ret_secret))
        return true;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (!qmon__stands_at(scan, at, headers[i]))
            continue;
        size_t bytes = strlen(headers[i]);
        if (!is_whole_word(scan, at, bytes))
            continue;
        char quote = quote_before(scan, at);
        size_t start = at + bytes;
        if (quote && char_at(scan, start) == quote) /* "Cookie": "..." */
            start++;
        else if (quote)
            quote = quote_before(scan, at);
        start = skip_blanks(scan, start);
        if (char_at(scan, start) != ':' && char_at(scan, start) != '=')
            continue;
        start = skip_blanks(scan, start + 1);
        char opening = char_at(scan, start);
        if (opening == '"' || opening == '\'') {
            quote = opening;
            start++;
        }
        *ret_secret = (struct qmon__secret){start, line_end(scan, start, quote ? quote : '\n')};
        return true;
    }
    return false;
}

static bool ends_url(char c) {
    return c == '\0' || qmon__is_blank(c) || strchr("\"'<>`|\\^{}", c) != NULL;
}

static bool is_port(const struct qmon__scan *scan, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (!isdigit((unsigned char) scan->text[i]))
            return false;
    return true;
}

/* user:SECRET@ behind "://". A password that was not escaped may hold '/', '?' and '#'; then the last '@' ends it. */
static bool user_information(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    size_t start = at + 3, authority = SIZE_MAX, end = start, at_sign = SIZE_MAX, colon = SIZE_MAX;

    for (; !ends_url(char_at(scan, end)); end++) {
        char c = scan->text[end];
        if (authority == SIZE_MAX && (c == '/' || c == '?' || c == '#'))
            authority = end;
        if (authority == SIZE_MAX && c == ':' && colon == SIZE_MAX)
            colon = end;
        if (c == '@' && (authority == SIZE_MAX || at_sign == SIZE_MAX || at_sign > authority))
            at_sign = end;
    }
    if (at_sign == SIZE_MAX)
        return false;
    if (at_sign > authority && (colon == SIZE_MAX || is_port(scan, colon + 1, authority)))
        return false;
    bool named = colon != SIZE_MAX && colon < at_sign;
    *ret_secret = (struct qmon__secret){named ? colon + 1 : start, at_sign};
    return named || at_sign - start >= 16; /* a user alone is no secret, a token in its place is */
}

bool qmon__secret_url(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    static const char *const hooks[] = {"hooks.slack.com/services/",    "hooks.slack.com/workflows/",
                                        "hooks.slack.com/triggers/",    "discord.com/api/webhooks/",
                                        "discordapp.com/api/webhooks/", "webhook.office.com/webhookb2/",
                                        "api.telegram.org/bot"};

    if (scan->text[at] == ':' && strncmp(scan->text + at, "://", 3) == 0)
        return user_information(scan, at, ret_secret);
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        if (!qmon__stands_at(scan, at, hooks[i]))
            continue;
        size_t to = at + strlen(hooks[i]);
        ret_secret->from = to;
        while (!ends_url(char_at(scan, to)))
            to++;
        ret_secret->to = to;
        return true;
    }
    return false;
}
