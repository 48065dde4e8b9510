/*
 * document_locate.c: where a member stands. The parser keeps no positions, so the text is walked again, which happens only
 * for what is worth a message. The text is known to be valid JSON; nevertheless no step goes beyond its end.
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "document.h"

struct walk {
    const char *at, *end;
    struct qmon__place place;
    const char *const *names;
    size_t name_count;
    unsigned found;
    struct qmon__place found_place;
};

struct qmon__place qmon__place_behind(struct qmon__place place, char character) {
    if (character == '\n')
        return (struct qmon__place){place.line + 1, 1};
    place.column += ((unsigned char) character & 0xc0) != 0x80; /* not within a character */
    return place;
}

static void step(struct walk *walk) {
    walk->place = qmon__place_behind(walk->place, *walk->at);
    walk->at++;
}

static bool is_at(const struct walk *walk, const char *characters) {
    return walk->at < walk->end && *walk->at != '\0' && strchr(characters, *walk->at) != NULL;
}

static void skip_space(struct walk *walk) {
    while (is_at(walk, " \t\r\n"))
        step(walk);
}

/* Over a string; the raw text between its quotes. */
static void skip_string(struct walk *walk, const char **ret_text, size_t *ret_bytes) {
    step(walk);
    *ret_text = walk->at;
    while (walk->at < walk->end && *walk->at != '"') {
        if (*walk->at == '\\' && walk->at + 1 < walk->end)
            step(walk);
        step(walk);
    }
    *ret_bytes = (size_t) (walk->at - *ret_text);
    if (walk->at < walk->end)
        step(walk);
}

static bool is_escaped_name(const char *text, size_t bytes, const char *name) {
    /* With the quotes around it, it is a document of its own. */
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *decoded = NULL;
    bool same;

    if (tokener == NULL)
        return false;
    decoded = json_tokener_parse_ex(tokener, text - 1, (int) bytes + 2);
    same = decoded != NULL && strcmp(json_object_get_string(decoded), name) == 0;
    json_object_put(decoded);
    json_tokener_free(tokener);
    return same;
}

static bool is_name(const struct walk *walk, const char *text, size_t bytes, const char *name) {
    if (memchr(text, '\\', bytes) != NULL && text + bytes < walk->end)
        return is_escaped_name(text, bytes, name);
    return strlen(name) == bytes && memcmp(text, name, bytes) == 0;
}

#define NOT_ON_THE_WAY SIZE_MAX

static void walk_value(struct walk *walk, size_t level, unsigned depth);

/* `level` names of the way here have matched; NOT_ON_THE_WAY: this object is on no way of ours. */
static void walk_members(struct walk *walk, size_t level, unsigned depth) {
    const char *text;
    size_t bytes;

    for (skip_space(walk); is_at(walk, "\""); skip_space(walk)) {
        struct qmon__place place = walk->place;
        bool match;
        skip_string(walk, &text, &bytes);
        match = level < walk->name_count && is_name(walk, text, bytes, walk->names[level]);
        if (match && level + 1 == walk->name_count) {
            walk->found++;
            walk->found_place = place;
        }
        skip_space(walk);
        if (is_at(walk, ":"))
            step(walk);
        walk_value(walk, match ? level + 1 : NOT_ON_THE_WAY, depth + 1);
        skip_space(walk);
        if (is_at(walk, ","))
            step(walk);
    }
}

/* Items have their numbers for names: "[2]". */
static void walk_items(struct walk *walk, size_t level, unsigned depth) {
    char name[24];
    size_t index = 0;

    for (skip_space(walk); walk->at < walk->end && *walk->at != ']'; skip_space(walk)) {
        const char *before = walk->at;
        snprintf(name, sizeof name, "[%zu]", index++);
        bool match = level < walk->name_count && strcmp(walk->names[level], name) == 0;
        if (match && level + 1 == walk->name_count) {
            walk->found++;
            walk->found_place = walk->place;
        }
        walk_value(walk, match ? level + 1 : NOT_ON_THE_WAY, depth + 1);
        skip_space(walk);
        if (is_at(walk, ","))
            step(walk);
        if (walk->at == before)
            break;
    }
}

static void walk_value(struct walk *walk, size_t level, unsigned depth) {
    const char *text;
    size_t bytes;

    skip_space(walk);
    if (depth > QMON__DOCUMENT_DEPTH_MAX || walk->at >= walk->end)
        return;
    if (*walk->at == '"') {
        skip_string(walk, &text, &bytes);
        return;
    }
    if (is_at(walk, "{[")) {
        bool object = *walk->at == '{';
        step(walk);
        if (object)
            walk_members(walk, level, depth);
        else
            walk_items(walk, level, depth);
        if (is_at(walk, "}]"))
            step(walk);
        return;
    }
    while (walk->at < walk->end && !is_at(walk, ",}] \t\r\n"))
        step(walk);
}

unsigned qmon__document_locate(const char *text, size_t bytes, const char *const *names, size_t name_count,
                               struct qmon__place *ret_place) {
    struct walk walk = {.at = text, .end = text + bytes, .place = {1, 1}, .names = names, .name_count = name_count};

    walk_value(&walk, 0, 0);
    if (walk.found > 0)
        *ret_place = walk.found_place;
    return walk.found;
}
