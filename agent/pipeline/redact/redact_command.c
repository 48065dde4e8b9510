/*
 * redact_command.c: a command line as a person would type it, without its secrets. Arguments tell more than text does: an
 * option's value may be the next argument, and what "-p" means depends on the program.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>
#include <qmon/text.h>

#include "redact.h"
#include "text_buffer.h"

#define PROGRAM_BYTES 64

struct line {
    struct qmon_event *event;
    struct qmon__buffer text;
    char program[PROGRAM_BYTES]; /* its base name; empty before the first argument */
    bool secret_next;            /* the argument to come is one */
    bool colon_next;             /* what it holds behind a ':' is */
    bool script_next;            /* it is a script: sh -c SCRIPT */
};

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_plain(const char *argument) {
    if (*argument == '\0')
        return false;
    for (const char *at = argument; *at; at++) {
        if (starts(at, QMON__BLOT)) {
            at += sizeof QMON__BLOT - 2;
            continue;
        }
        if (!isalnum((unsigned char) *at) && !strchr("_@%+=:,./-", *at) && (unsigned char) *at < 0x80)
            return false;
    }
    return true;
}

/* In quotes where a shell wants them; line breaks and tabs as escapes, so that it stays one line. */
static void add_quoted(struct qmon__buffer *text, const char *argument) {
    bool breaks = strpbrk(argument, "\n\t") != NULL;

    if (text->length > 0)
        qmon__buffer_byte(text, ' ');
    if (is_plain(argument)) {
        qmon__buffer_string(text, argument);
        return;
    }
    qmon__buffer_string(text, breaks ? "$'" : "'");
    for (const char *at = argument; *at; at++) {
        if (*at == '\'')
            qmon__buffer_string(text, breaks ? "\\'" : "'\\''");
        else if (breaks && *at == '\\')
            qmon__buffer_string(text, "\\\\");
        else if (*at == '\n' || *at == '\t')
            qmon__buffer_string(text, *at == '\n' ? "\\n" : "\\t");
        else
            qmon__buffer_byte(text, *at);
    }
    qmon__buffer_byte(text, '\'');
}

static const char *blot_behind_colon(struct line *line, const char *argument, size_t from) {
    const char *colon = strchr(argument + from, ':');

    if (!colon)
        return qmon_redact(line->event, argument);
    return qmon_event_format(line->event, "%.*s%s", (int) (colon + 1 - argument), argument, QMON__BLOT);
}

/* An option of this program in particular; NULL when it is none. */
static const char *program_option(struct line *line, const char *argument) {
    const struct qmon__option *option = qmon__find_option(line->program, argument);

    if (!option)
        return NULL;
    if (option->joined)
        return option->behind_colon ? blot_behind_colon(line, argument, strlen(option->name))
                                    : qmon_event_format(line->event, "%s%s", option->name, QMON__BLOT);
    line->secret_next = !option->behind_colon;
    line->colon_next = option->behind_colon;
    return argument;
}

/* "--password=a b", "DB_PASSWORD=a b": all of the argument is the value; NULL when it is no such pair. */
static const char *whole_pair(struct line *line, const char *argument) {
    size_t bytes = 0;

    while (qmon__is_name(argument[bytes]))
        bytes++;
    if (argument[bytes] != '=' || argument[bytes + 1] == '\0' || !qmon__names_secret(argument, bytes))
        return NULL;
    return qmon_event_format(line->event, "%.*s=%s", (int) bytes, argument, QMON__BLOT);
}

/* "--password", "-token", "requirepass": without a value of its own, the next argument is it. */
static void look_ahead(struct line *line, const char *argument) {
    size_t bytes = strlen(argument);

    for (size_t i = 0; i < bytes; i++)
        if (!qmon__is_name(argument[i]))
            return;
    bool option = argument[0] == '-' && bytes > 2;
    if (option || starts(argument, "requirepass") || starts(argument, "masterauth"))
        line->secret_next = qmon__names_secret(argument, bytes);
}

static const char *blot_argument(struct line *line, const char *argument) {
    bool secret = line->secret_next && !starts(argument, "--"), colon = line->colon_next, script = line->script_next;

    line->secret_next = line->colon_next = false;
    line->script_next = strcmp(argument, "-c") == 0 || strcmp(argument, "-lc") == 0;
    if (secret)
        return QMON__BLOT;
    if (colon)
        return blot_behind_colon(line, argument, 0);
    const char *known = program_option(line, argument);
    if (!known && !script)
        known = whole_pair(line, argument);
    if (known)
        return known;
    look_ahead(line, argument);
    return qmon_redact(line->event, argument);
}

static void add_argument(struct line *line, const char *bytes, size_t count) {
    const char *argument = qmon_event_text_n(line->event, bytes, count);

    if (!argument)
        return;
    const char *base = qmon_base_name(argument);
    const char *blotted = line->program[0] ? blot_argument(line, argument) : qmon_redact(line->event, argument);
    if (!line->program[0]) {
        strncpy(line->program, base, sizeof line->program - 1);
        if (!line->program[0])
            line->program[0] = '-';
    }
    if (blotted)
        add_quoted(&line->text, blotted);
}

const char *qmon_redact_command_line(struct qmon_event *event, const char *bytes, size_t count) {
    struct line line = {.event = event};

    while (count > 0) {
        size_t length = strnlen(bytes, count);
        add_argument(&line, bytes, length);
        size_t step = length < count ? length + 1 : length;
        bytes += step;
        count -= step;
    }
    if (line.text.length == 0) {
        qmon__buffer_free(&line.text);
        return qmon_event_text(event, "");
    }
    char *text = qmon__buffer_take(&line.text);
    const char *copy = qmon_event_text(event, text);
    qmon__buffer_free(&line.text);
    free(text);
    return copy;
}
