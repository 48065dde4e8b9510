/*
 * slack_text.h: text in Slack's own escaping. Text from outside appears in two ways only: in plain_text objects, where
 * Slack interprets nothing, and as code within mrkdwn. In both & < > are written as entities, so that no mention, link or
 * date is made of it; in code the backtick becomes a look-alike (U+02CB), so that code ends where we end it. Private to
 * slack*.c.
 */
#ifndef QMON_SLACK_TEXT_H
#define QMON_SLACK_TEXT_H

#include <qmon/text.h>

/* Slack's published limits, in characters. Ours count bytes of UTF-8 after escaping, which are never fewer. */
#define QMON__SLACK_BLOCKS 50u
#define QMON__SLACK_HEADER 150u
#define QMON__SLACK_SECTION 3000u
#define QMON__SLACK_FIELDS 10u
#define QMON__SLACK_FIELD 2000u
#define QMON__SLACK_CONTEXT 10u
#define QMON__SLACK_TEXT 3500u /* of the message's text; Slack advises 4,000 and cuts at 40,000 */

/* Text from outside for a plain_text object; line breaks stay. NULL adds nothing. */
void qmon__slack_plain(struct qmon_text *text, const char *words);
/* Text from outside as inline code of at most max_columns characters: `words`. NULL or empty: `?`. */
void qmon__slack_code(struct qmon_text *text, const char *words, size_t max_columns);
/* The same without the backticks around it, for the inside of a code block; line breaks stay. */
void qmon__slack_code_inside(struct qmon_text *text, const char *words);
/* A moment, shown in the reader's own time zone, by mrkdwn. */
void qmon__slack_date(struct qmon_text *text, uint64_t time_ns);

#endif
