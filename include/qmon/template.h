/*
 * template.h: titles and bodies of alerts in an operator's own words: "templates" of QMON_CONFIG.
 *
 * "{{process.executable}}" stands for a field of the event by its path in the event's JSON ("threads[0].name",
 * "report.extra.order"), or for one of the words below; "{{host.name|somewhere}}" says what to put where the event lacks it.
 * Everything else is text. Values are escaped as the channel needs it; the text itself is the channel's own markup in Slack, and plain
 * text elsewhere.
 */
#ifndef QMON_TEMPLATE_H
#define QMON_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <qmon/routing.h>

#define QMON_TEMPLATE_ANY_KIND 4 /* beside the kinds of event.h */
#define QMON_TEMPLATE_KINDS 5

/* WORD(name, help): what is no field, but made of several. */
#define QMON_TEMPLATE_WORDS(WORD)                                                                                      \
    WORD(where, "function, file and line, or module, where it happened")                                               \
    WORD(what, "message, exception and cause, as they are shown without a template")                                   \
    WORD(how_often, "how often it came, and since when")                                                               \
    WORD(fleet, "on how many hosts, and with which versions")                                                          \
    WORD(trace, "the trace, a row a line")                                                                             \
    WORD(last_lines, "the last lines of standard error")

struct qmon_template {
    char *title, *body; /* NULL: the channel's own */
};

struct qmon_templates { /* owned by the configuration */
    struct qmon_template at[QMON_CHANNELS][QMON_TEMPLATE_KINDS], everywhere[QMON_TEMPLATE_KINDS];
};

/* The title's (or body's) template for an event of this kind: the channel's own before the one for all, and of either the one for
 * the kind before that for any. NULL: none. */
const char *qmon_template_title(const struct qmon_templates *templates, enum qmon_channel channel, enum qmon_kind kind);
const char *qmon_template_body(const struct qmon_templates *templates, enum qmon_channel channel, enum qmon_kind kind);

/* One "{{...}}" of a template, or the text before it. */
struct qmon_template_part {
    const char *text; /* up to the next field or the end */
    size_t text_bytes;
    const char *path, *fallback; /* path NULL: there is no field any more */
    size_t path_bytes, fallback_bytes;
};
/* Reads the next part and moves *at behind it. False: at the end; or, with *ret_why set (static), what follows is broken. */
bool qmon_template_next(const char **at, struct qmon_template_part *ret_part, const char **ret_why);

/* Is there such a field, or such a word? */
bool qmon_template_knows(const char *path);
/* Calls visit with every path that there is; items of lists as "[0]", names of a program's own choice as "NAME". */
void qmon_template_paths(void (*visit)(void *context, const char *path), void *context);

#endif
