/*
 * routing_read.h: "routes", "channels", "quiet_hours" and "templates" of the JSON file, into struct qmon_routing and
 * struct qmon_templates.
 */
#ifndef QMON__CONFIG_ROUTING_READ_H
#define QMON__CONFIG_ROUTING_READ_H

#include <stdbool.h>

#include <qmon/routing.h>

#include "document.h"
#include "problems.h"

/* Is a member of the document's top read here? */
bool qmon__routing_is_part(const char *member);
/* What cannot be understood is left out and recorded as a problem, with path, line and column. 0 or -ENOMEM. */
int qmon__routing_read(struct qmon_config *config, const char *name, const char *text, size_t bytes,
                       struct json_object *document);
/* Is this item of min_severity one that means nothing? Then why. */
bool qmon__routing_least_problem(const char *item, char *ret_sentence, size_t bytes);
/* Once all options are known: the least severities. 0 or -ENOMEM. */
int qmon__routing_settle(struct qmon_config *config);
void qmon__routing_free(struct qmon_routing *routing); /* NULL is fine */
void qmon__templates_free(struct qmon_templates *templates);

/* --- for the files that read its parts --- */

#define QMON__READING_DEPTH 8

struct qmon__reading {
    struct qmon_config *config;
    const char *name, *text; /* the file's */
    size_t bytes;
    const char *way[QMON__READING_DEPTH]; /* names from the top to where we are */
    char indices[QMON__READING_DEPTH][24];
    size_t depth;
    unsigned problems; /* recorded so far */
    bool no_memory;
};

/* One step down, and up again. What is deeper than the file may be is not gone into. */
void qmon__reading_enter(struct qmon__reading *reading, const char *name);
void qmon__reading_enter_item(struct qmon__reading *reading, size_t index);
void qmon__reading_leave(struct qmon__reading *reading);
/* Records "FILE:LINE:COLUMN: PATH: WORDS" for where we are. */
void qmon__reading_problem(struct qmon__reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void qmon__reading_unknown(struct qmon__reading *reading, const char *const *known, size_t known_count);

/* A text that holds no NUL; NULL, and a problem: it is none. */
const char *qmon__reading_text(struct qmon__reading *reading, struct json_object *value);
/* Calls `take` with each text of a list, or the one text. False, and a problem: it is neither. */
bool qmon__reading_texts(struct qmon__reading *reading, struct json_object *value,
                         void (*take)(struct qmon__reading *reading, const char *text, void *context), void *context);
/* "slack", a list of names, or "*"; names that are none are problems and left out. */
qmon_channels qmon__reading_channels(struct qmon__reading *reading, struct json_object *value);
/* -1, and a problem: it is no severity. */
int qmon__reading_severity(struct qmon__reading *reading, const char *text);

/* Each reads the value that we are at. */
void qmon__read_routes(struct qmon__reading *reading, struct json_object *value);      /* routing_routes.c */
void qmon__read_quiet_hours(struct qmon__reading *reading, struct json_object *value); /* routing_quiet.c */
void qmon__read_templates(struct qmon__reading *reading, struct json_object *value);   /* templates.c */

#endif
