/*
 * interchange.h: an event in the formats of others, for `qmon export` and for channels that speak them. Pure: event in, text
 * out; no clock, no environment, no I/O. Any event may come in, hostile ones included: what comes out is valid UTF-8 and
 * valid JSON, and of bounded size: with long traces the middle of a trace goes, then threads, and it is said how much.
 *
 * OWNERSHIP. Texts are NUL-terminated and freed with free(). NULL: out of memory. Threads: any, an event each.
 */
#ifndef QMON_INTERCHANGE_H
#define QMON_INTERCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include <qmon/event.h>

#define QMON_SENTRY_BYTES 900000u /* of the event item of an envelope; Sentry takes 1 MB */
#define QMON_OTLP_BYTES 500000u   /* about; of the whole request */

/* A Sentry envelope with one item, an event: three lines of JSON, each with its newline. POST it to
 * /api/PROJECT/envelope/ as application/x-sentry-envelope. sent_ns (CLOCK_REALTIME): when it is sent; 0 leaves it out.
 * Crashes and errors become exceptions with their traces, everything else a message; grouping is by our fingerprint. */
char *qmon_sentry_envelope(const struct qmon_event *event, uint64_t sent_ns);

/* The event alone, as it stands in that envelope. */
char *qmon_sentry_event(const struct qmon_event *event);

/* An OTLP/JSON ExportLogsServiceRequest with one log record, on one line. POST it to /v1/logs as application/json.
 * Attributes are those of the semantic conventions (exception.*, code.*, process.*, service.*, host.*), and qmon.* where
 * there are none. observed_ns (CLOCK_REALTIME); 0 takes the event's time. */
char *qmon_otlp_logs(const struct qmon_event *event, uint64_t observed_ns);

/* The traces of all threads as gdb prints them with "thread apply all bt", the crashed thread first, behind what gdb says
 * of a core file. A line each. */
char *qmon_gdb_backtrace(const struct qmon_event *event);

#endif
