/*
 * page.h: one event as a page that a person reads: what and why first, then the source, then the trace, then the rest.
 */
#ifndef QMON_CLI_PAGE_H
#define QMON_CLI_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <qmon/event.h>

#include "terminal.h"

struct qmon__cli_page {
    bool all_threads;
    bool registers;
    bool unfolded;        /* every frame */
    bool brief;           /* what, why, source of the origin, trace, and where to read more */
    const char *state;    /* of the store: "alerted", ...; NULL unknown */
    uint64_t occurrences; /* of the store; 0 unknown */
    uint64_t now_ms;
};

void qmon__cli_page_print(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                          const struct qmon__cli_page *page);

/* "crash, critical" and the like; who and when. One line. */
void qmon__cli_page_heading(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                            uint64_t now_ms);

/* --- parts, each in a file of its own --- */

/* A label in its column, then text, wrapped. Nothing for NULL and "". A NULL label continues the row above. */
void qmon__cli_page_row(FILE *out, const struct qmon__cli_style *style, const char *label, const char *text);
void qmon__cli_page_rowf(FILE *out, const struct qmon__cli_style *style, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* page_source.c: the lines around the innermost in-app frames, at most `most` of them, where the source is there. */
void qmon__cli_page_source(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                           unsigned most);

/* page_machine.c: registers with what they point to; the instructions around the program counter; the one that was
 * executing as a row; and, as data that nothing was done to, program counters, registers, stack and modules. */
void qmon__cli_page_registers(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);
void qmon__cli_page_code(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);
void qmon__cli_page_instruction(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);
void qmon__cli_page_modules(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);
void qmon__cli_page_raw(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);

/* page_context.c: errno, memory, descriptors, limits. */
/* What the program wrote last to its standard error, as a section of its own. */
void qmon__cli_page_last_lines(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);
void qmon__cli_page_context(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);

/* page_crumbs.c: what went before; the last ones, libraries opened one after another in one row, unless `all`. */
void qmon__cli_page_crumbs(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event, bool all);

/* page_facts.c: process, service, host, report, breadcrumbs, occurrences, notes, ids. */
void qmon__cli_page_facts(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                          const struct qmon__cli_page *page);

#endif
