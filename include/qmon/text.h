/*
 * text.h: text for people in the caller's buffer: always NUL-terminated, always valid UTF-8, cut at a character's border and
 * never in the middle of one. What comes from outside goes in through qmon_text_line(), which lets no control character,
 * line break, bidirectional override or broken UTF-8 through.
 */
#ifndef QMON_TEXT_H
#define QMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qmon_text {
    char *at;
    size_t size, used; /* used < size; the NUL is not counted */
    bool cut;          /* something did not fit */
};

enum qmon_text_cut { QMON_CUT_END, QMON_CUT_MIDDLE, QMON_CUT_START };

/* size is at least 1. The buffer is borrowed. */
void qmon_text_begin(struct qmon_text *text, char *buffer, size_t size);
/* Adds our own words, whole characters only; after the first that does not fit nothing more is added. */
void qmon_text_add(struct qmon_text *text, const char *words);
void qmon_text_format(struct qmon_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds words from outside as one line of at most max_columns characters, with "…" where something was cut. */
void qmon_text_line(struct qmon_text *text, const char *words, size_t max_columns, enum qmon_text_cut cut);

/* The character that begins at `at` (`bytes` are readable, at least 1): its length and, in *ret_code, its code point. 0
 * when the bytes are not valid UTF-8 (overlong, surrogate, cut off): skip one byte. */
size_t qmon_utf8_step(const char *at, size_t bytes, uint32_t *ret_code);
/* May this code point stand in a line of text? Not control characters, line separators and bidirectional overrides. */
bool qmon_utf8_printable(uint32_t code);

/* What follows the last '/' of a path that does not end in one, else the whole; NULL for NULL. Part of `path`. */
const char *qmon_base_name(const char *path);

#define QMON_CHANGES_BYTES 48 /* words longer than this are compared with nothing */

/* How many bytes must be changed, added or left out to make one word of the other (Levenshtein); QMON_CHANGES_BYTES where
 * one of them is longer than that. */
unsigned qmon_text_changes(const char *one, const char *other);

#endif
