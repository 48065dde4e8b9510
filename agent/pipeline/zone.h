/*
 * zone.h: civil time in a named time zone, which the C library can give for one zone a process only (the TZ variable), and this
 * runs inside programs that have their own too (qmon/kit.h). Private to agent/pipeline.
 */
#ifndef QMON_PIPELINE_ZONE_H
#define QMON_PIPELINE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds that the zone's clocks are ahead of UTC at a time (seconds since 1970). "" is this process's own zone. False, and 0:
 * there is no such zone here, or its file (tzfile(5), RFC 8536) is broken. */
bool qmon__zone_offset(const char *zone, int64_t time_s, int64_t *ret_offset_s);

/* The same by the content of a zone's file, with room for one byte more behind it; it is changed. Untouched on failure. */
bool qmon__zone_offset_in(unsigned char *text, size_t bytes, int64_t time_s, int64_t *ret_offset_s);

#endif
