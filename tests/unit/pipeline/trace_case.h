/* trace_case.h: events with a trace, for tests of the stages. Memory of the event; an assertion fails where there is none. */
#ifndef QMON_TRACE_CASE_H
#define QMON_TRACE_CASE_H

#include <qmon/pipeline.h>
#include <qmon/record.h>

/* A crash of /usr/bin/shop, pid 4711, with room for frames and none yet. */
struct qmon_event *trace_crash(int signal, int code);
/* The same as another kind, without a signal. */
struct qmon_event *trace_event(enum qmon_kind kind);
/* Adds a frame outside of all others; borrowed strings. file NULL: "f.c", the program's own file. */
struct qmon_frame *trace_frame(struct qmon_event *event, enum qmon_frame_role role, const char *function);
/* Adds frames of the program for the names between the blanks of `functions`, innermost first. */
void trace_app(struct qmon_event *event, const char *functions);
/* Adds what libc puts below main. */
void trace_start(struct qmon_event *event);
/* Filters with an empty configuration: marks in_app, finds the origin. */
void trace_filter(struct qmon_event *event);

#endif
