/*
 * json_build.h: JSON, member by member, into a text buffer. Commas come by themselves. `key` NULL: an item of an array.
 */
#ifndef QMON_PIPELINE_JSON_BUILD_H
#define QMON_PIPELINE_JSON_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text_buffer.h"

#define QMON__JSON_TEXT_BYTES 8192u /* the most of a text, but for qmon__put_long_text */

/* bracket: '{' or '['. */
void qmon__put_open(struct qmon__buffer *out, const char *key, char bracket);
void qmon__put_close(struct qmon__buffer *out, char bracket); /* '}' or ']' */
/* Nothing for NULL; cut to max_bytes (at most QMON__JSON_TEXT_BYTES) at a character's border, "..." at its end. */
void qmon__put_text(struct qmon__buffer *out, const char *key, const char *text, size_t max_bytes);
void qmon__put_long_text(struct qmon__buffer *out, const char *key, const char *text);
void qmon__put_number(struct qmon__buffer *out, const char *key, uint64_t value);
void qmon__put_signed(struct qmon__buffer *out, const char *key, int64_t value);
void qmon__put_hex(struct qmon__buffer *out, const char *key, uint64_t value);    /* "0x1f" */
void qmon__put_digits(struct qmon__buffer *out, const char *key, uint64_t value); /* "31" */
void qmon__put_bool(struct qmon__buffer *out, const char *key, bool value);
void qmon__put_time(struct qmon__buffer *out, const char *key, uint64_t time_ns); /* RFC 3339 */

#endif
