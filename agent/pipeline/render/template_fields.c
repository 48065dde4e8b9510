/* template_fields.c: which fields a template may name: those of the event's JSON, by the tables that write it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <qmon/template.h>

#include "event_shape.h"

#define PATH_BYTES 160
#define DEPTH_MAX 8

static const char *const words[] = {
#define WORD(name, help) #name,
    QMON_TEMPLATE_WORDS(WORD)
#undef WORD
};
#define WORDS (sizeof words / sizeof words[0])

static bool knows_in(const struct qmon__shape *shape, const char *path);

/* "[12]" and what follows; NULL: there is none. */
static const char *skip_index(const char *path) {
    size_t digits;

    if (path[0] != '[')
        return NULL;
    digits = strspn(path + 1, "0123456789");
    return digits > 0 && digits < 10 && path[1 + digits] == ']' ? path + digits + 2 : NULL;
}

/* What may follow the member's name. A list as a whole is its items with commas between them. */
static bool knows_rest(const struct qmon__member *member, const char *rest) {
    const char *behind = skip_index(rest);

    switch (member->type) {
    case QMON__OBJECT:
        return rest[0] == '.' && knows_in(member->shape, rest + 1);
    case QMON__ARRAY:
        return behind != NULL && behind[0] == '.' && knows_in(member->shape, behind + 1);
    case QMON__TEXTS:
        return rest[0] == '\0' || (behind != NULL && behind[0] == '\0');
    case QMON__PAIRS:
    case QMON__REGISTERS:
    case QMON__TARGETS:
        return rest[0] == '\0' || (rest[0] == '.' && rest[1] != '\0');
    default:
        return rest[0] == '\0';
    }
}

static bool knows_in(const struct qmon__shape *shape, const char *path) {
    for (size_t i = 0; i < shape->count; i++) {
        size_t bytes = strlen(shape->members[i].name);
        if (strncmp(path, shape->members[i].name, bytes) == 0 && strchr(".[", path[bytes]) != NULL)
            return knows_rest(&shape->members[i], path + bytes);
    }
    return false;
}

bool qmon_template_knows(const char *path) {
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i], path) == 0)
            return true;
    return knows_in(&qmon__event_shape, path);
}

struct listing {
    void (*visit)(void *context, const char *path);
    void *context;
    char path[PATH_BYTES];
};

static void list(struct listing *listing, const struct qmon__shape *shape, size_t used, unsigned depth) {
    for (size_t i = 0; i < shape->count && used < PATH_BYTES; i++) {
        const struct qmon__member *member = &shape->members[i];
        bool deeper = member->type == QMON__OBJECT || member->type == QMON__ARRAY;
        bool chosen = member->type == QMON__PAIRS || member->type == QMON__REGISTERS || member->type == QMON__TARGETS;
        size_t now = used + (size_t) snprintf(listing->path + used, PATH_BYTES - used, "%s%s%s", member->name,
                                              member->type == QMON__ARRAY ? "[0]" : "",
                                              deeper   ? "."
                                              : chosen ? ".NAME"
                                                       : "");
        if (!deeper)
            listing->visit(listing->context, listing->path);
        else if (depth < DEPTH_MAX)
            list(listing, member->shape, now, depth + 1);
    }
}

void qmon_template_paths(void (*visit)(void *context, const char *path), void *context) {
    struct listing listing = {.visit = visit, .context = context};

    for (size_t i = 0; i < WORDS; i++)
        visit(context, words[i]);
    list(&listing, &qmon__event_shape, 0, 0);
}

static void strip(const char **text, size_t *bytes) {
    for (; *bytes > 0 && isspace((unsigned char) **text); (*text)++)
        (*bytes)--;
    while (*bytes > 0 && isspace((unsigned char) (*text)[*bytes - 1]))
        (*bytes)--;
}

bool qmon_template_next(const char **at, struct qmon_template_part *ret_part, const char **ret_why) {
    const char *open = strstr(*at, "{{"), *close = open != NULL ? strstr(open, "}}") : NULL;

    *ret_why = NULL;
    *ret_part = (struct qmon_template_part){.text = *at, .text_bytes = open ? (size_t) (open - *at) : strlen(*at)};
    if (open == NULL) {
        *at += ret_part->text_bytes;
        return ret_part->text_bytes > 0;
    }
    if (close == NULL) {
        *ret_why = "\"{{\" is not closed by \"}}\"";
        return false;
    }
    ret_part->path = open + 2;
    ret_part->path_bytes = (size_t) (close - ret_part->path);
    const char *bar = memchr(ret_part->path, '|', ret_part->path_bytes);
    if (bar != NULL) {
        ret_part->fallback = bar + 1;
        ret_part->fallback_bytes = (size_t) (close - bar - 1);
        ret_part->path_bytes = (size_t) (bar - ret_part->path);
    }
    strip(&ret_part->path, &ret_part->path_bytes);
    *at = close + 2;
    if (ret_part->path_bytes == 0)
        *ret_why = "\"{{}}\" names no field";
    return ret_part->path_bytes > 0;
}

static const char *choose(const struct qmon_template *const *from, size_t count, bool body) {
    for (size_t i = 0; i < count; i++) {
        const char *text = body ? from[i]->body : from[i]->title;
        if (text != NULL)
            return text;
    }
    return NULL;
}

static const char *find(const struct qmon_templates *templates, enum qmon_channel channel, enum qmon_kind kind,
                        bool body) {
    if (templates == NULL || !qmon_channel_has_words(channel))
        return NULL;
    const struct qmon_template *const from[] = {
        &templates->at[channel][kind], &templates->at[channel][QMON_TEMPLATE_ANY_KIND], &templates->everywhere[kind],
        &templates->everywhere[QMON_TEMPLATE_ANY_KIND]};
    return choose(from, sizeof from / sizeof from[0], body);
}

const char *qmon_template_title(const struct qmon_templates *templates, enum qmon_channel channel,
                                enum qmon_kind kind) {
    return find(templates, channel, kind, false);
}

const char *qmon_template_body(const struct qmon_templates *templates, enum qmon_channel channel, enum qmon_kind kind) {
    return find(templates, channel, kind, true);
}
