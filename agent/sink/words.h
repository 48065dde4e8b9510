/*
 * words.h: an event in words, for channels that show plain text: no escaping, one line of valid UTF-8 each where a line is
 * promised, cut with "…". Pure. Private to agent/sink.
 */
#ifndef QMON_SINK_WORDS_H
#define QMON_SINK_WORDS_H

#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/text.h>

#define QMON__FACTS 16u

struct qmon__fact {
    const char *label; /* static */
    char value[400];
};
struct qmon__facts {
    struct qmon__fact items[QMON__FACTS];
    size_t count;
};

/* Like qmon_text_begin; qmon__words_end() puts "…" where something was cut. bytes at least 8. */
void qmon__words_begin(struct qmon_text *text, char *buffer, size_t bytes);
void qmon__words_end(struct qmon_text *text);

/* One line of at most bytes - 1 bytes: "SIGSEGV in parse (http.c:212) — shop (production) on web-1". */
void qmon__words_title(const struct qmon_event *event, bool with_service, char *ret_text, size_t bytes);
/* What happened, a line each; may be empty. */
void qmon__words_what(const struct qmon_event *event, char *ret_text, size_t bytes);
/* "first alert", "and 41 more since the last alert (suppressed)" */
void qmon__words_often(const struct qmon_event *event, char *ret_text, size_t bytes);
/* A template's title and body (event->told) stand for all of these: with a body there are no facts, no trace and no last lines. */
/* The trace, a row a line, fewer rows until it fits; "" without one. */
void qmon__words_trace(const struct qmon_event *event, size_t max_rows, char *ret_text, size_t bytes);
/* What the program wrote last to its standard error, a row a line; "" where that is not known. */
void qmon__words_last_lines(const struct qmon_event *event, char *ret_text, size_t bytes);
/* Where, how often, service, stage, version, host, process, signal and so on, as far as they are known. */
void qmon__words_facts(const struct qmon_event *event, struct qmon__facts *ret_facts);
/* One line of outside text of at most bytes - 1 bytes; "" for NULL. bytes at least 8. */
void qmon__words_line(const char *words, char *ret_text, size_t bytes);
/* Where to cut a text that is longer than `most` bytes, at least 16: behind a line, else a word, of its second half; else
 * neither in a character nor in an entity ("&amp;"). */
size_t qmon__words_cut(const char *text, size_t most);

/* What repeats of one problem have in common: the fingerprint, or the event's own id where it has none. */
const char *qmon__words_key(const struct qmon_event *event);
/* For channels that wake people: not for starts and stops, but for digests and crash loops. */
bool qmon__words_is_problem(const struct qmon_event *event);
/* A problem that came no more: qmon__words_key is that of the problem. */
bool qmon__words_is_resolved(const struct qmon_event *event);
/* May this close an incident? What one host alone says may not where Redis counts for a fleet: others may still see the
 * problem. */
bool qmon__words_may_close(const struct qmon_config *config, const struct qmon_event *event);
/* One of four texts, by severity; an unknown one counts as critical. Order: info, warning, error, critical. */
const char *qmon__words_severity(const struct qmon_event *event, const char *const texts[4]);
/* "2024-11-20T23:32:10.123Z"; 32 bytes are enough. "" for a time that has no such form. */
void qmon__words_time(uint64_t time_ns, char *ret_text, size_t bytes);

#endif
