/* internal.h: what the files of this folder share and nobody else needs. */
#ifndef QMON_PIPELINE_INTERNAL_H
#define QMON_PIPELINE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/event.h>

#define QMON__CODE_BYTES 16 /* a number in decimal and NUL */
#define QMON__TIME_BYTES 32 /* "2024-11-20T23:32:10.123456789Z" and NUL */

/* UUID version 7 (RFC 9562) of a CLOCK_REALTIME time; ids of one process sort by time to a quarter of a microsecond. */
void qmon__uuid_v7(uint64_t now_ns, char ret_id[QMON_EVENT_ID_BYTES]);

/* RFC 3339 with nanoseconds, in UTC. Parsing also takes other offsets and fewer digits; negative errno and nothing
 * written otherwise. */
void qmon__time_text(uint64_t time_ns, char ret_text[QMON__TIME_BYTES]);
int qmon__time_parse(const char *text, uint64_t *ret_time_ns);

/* The number behind an event's code, as people also write it in patterns: "15" for SIGTERM, "2" for exit:2. False, and "",
 * where there is none. */
bool qmon__code_number(const struct qmon_event *event, char ret_number[QMON__CODE_BYTES]);

#endif
