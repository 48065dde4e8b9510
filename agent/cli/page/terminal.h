/*
 * terminal.h: what an output stream can show, and text made fit for it. Everything that comes from events, files or the
 * environment passes through qmon__cli_put* on its way out, so that no text can steer the reader's terminal.
 */
#ifndef QMON_CLI_TERMINAL_H
#define QMON_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <qmon/qmon.h>

struct qmon__cli_style {
    bool color;
    bool unicode;     /* marks and lines beyond ASCII */
    unsigned columns; /* 0: not a terminal, nothing is cut */
};

enum qmon__cli_role {
    QMON_LOOK_PLAIN,
    QMON_LOOK_TITLE, /* bold */
    QMON_LOOK_FAINT, /* less important */
    QMON_LOOK_GOOD,
    QMON_LOOK_WARNING,
    QMON_LOOK_BAD,
    QMON_LOOK_NAME, /* functions, options, commands */
};

/* Colours where `stream` is a terminal, NO_COLOR is unset or empty and TERM is not "dumb"; columns from the terminal, or
 * from COLUMNS. Call setlocale() first: `unicode` follows the locale. */
struct qmon__cli_style qmon__cli_style_of(FILE *stream);

/* The escape that begins a look, and the one that ends it; "" without colours. */
const char *qmon__cli_look(const struct qmon__cli_style *style, enum qmon__cli_role role);
const char *qmon__cli_plain(const struct qmon__cli_style *style);
enum qmon__cli_role qmon__cli_severity_look(int severity);

/* One line: control and invalid bytes become '?', newlines and tabs blanks; in the given look, nothing for NULL. */
void qmon__cli_put(FILE *out, const struct qmon__cli_style *style, enum qmon__cli_role role, const char *text);

/* Fills a paragraph: words wrapped at the terminal's width (100 when that is not known) behind `indent` blanks, the first
 * line continuing at column `start`. Ends with a newline. */
void qmon__cli_put_wrapped(FILE *out, const struct qmon__cli_style *style, unsigned start, unsigned indent,
                           const char *text);

/* Columns that text takes on a terminal, as qmon__cli_put writes it. */
unsigned qmon__cli_width(const char *text);

/* Copies text, made safe as qmon__cli_put does, cut to `columns` with "..." or an ellipsis where it is longer. Returns the
 * columns taken. */
unsigned qmon__cli_fit(const struct qmon__cli_style *style, const char *text, unsigned columns, char *ret_text,
                       size_t bytes);

#endif
