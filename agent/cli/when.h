/*
 * when.h: durations and times as people write and read them. Pure, but for the local time zone.
 */
#ifndef QMON_CLI_WHEN_H
#define QMON_CLI_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON_WHEN_BYTES 48 /* enough for any text of these functions */

/* "90s", "15m", "2h", "7d", "1w", "500ms", "1h30m"; a number alone is seconds. False, and *ret_ms untouched, for
 * anything else and for what does not fit. */
bool qmon__cli_parse_duration(const char *text, uint64_t *ret_ms);

/* "just now", "12 s ago", "3 min ago", "2 h ago", "5 d ago"; "in 2 h" for the future. Returns ret_text. */
char *qmon__cli_relative(uint64_t time_ms, uint64_t now_ms, char *ret_text, size_t bytes);

/* Local time with its zone: "2026-11-20 23:32:10 +0100". Returns ret_text. */
char *qmon__cli_local(uint64_t time_ms, char *ret_text, size_t bytes);

/* As short as it can be told apart from now: "23:32:10" within the last 18 hours, else "Nov 18 23:32", else
 * "2025-11-18". Returns ret_text. */
char *qmon__cli_short(uint64_t time_ms, uint64_t now_ms, char *ret_text, size_t bytes);

#endif
