/*
 * text.h: bounded text without libc's stdio. SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_TEXT_H
#define QMON_CAPTURE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies at most bytes - 1 characters and terminates. Returns how many were copied. */
size_t qmon__copy_text(char *to, size_t bytes, const char *from);
/* Parses a non-negative decimal number that fills the text. Returns false and leaves *ret_value alone otherwise. */
bool qmon__parse_count(const char *text, uint64_t *ret_value);
/* Case-insensitive comparison of a part of a text (not terminated) with a word. */
bool qmon__same_word(const char *text, size_t bytes, const char *word);
/* The last component of a path. */
const char *qmon__base_name(const char *path);
/* fnmatch(3) of one pattern with '*' and '?' alone; enough to leave executables alone, and free of locale and malloc. */
bool qmon__matches(const char *pattern, size_t pattern_bytes, const char *text);

#endif
