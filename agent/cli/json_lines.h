/*
 * json_lines.h: what the commands print for scripts, one JSON object a line.
 */
#ifndef QMON_CLI_JSON_LINES_H
#define QMON_CLI_JSON_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <qmon/store.h>

struct json_object;

/* Prints the object as one line and releases it. False: out of memory (also for NULL). */
bool qmon__cli_json_print(FILE *out, struct json_object *object);

/* A row of the store: id, time, kind, severity, title, service, stage, fingerprint, state, occurrences. */
bool qmon__cli_json_row(FILE *out, const struct qmon_event_row *row);

/* The text as a JSON string, or null. */
struct json_object *qmon__cli_json_text(const char *text);
/* "2026-11-20T23:32:10.123Z" */
struct json_object *qmon__cli_json_time(uint64_t time_ms);

#endif
