/*
 * document.h: the JSON file named by QMON_CONFIG.
 */
#ifndef QMON__CONFIG_DOCUMENT_H
#define QMON__CONFIG_DOCUMENT_H

#include <stddef.h>

#include <qmon/config.h>

#define QMON__DOCUMENT_BYTES_MAX (1024u * 1024u)
#define QMON__DOCUMENT_DEPTH_MAX 32

struct json_object;

/* In a text, both from 1; a column is a character of UTF-8. */
struct qmon__place {
    unsigned line, column;
};
/* The place behind a character. */
struct qmon__place qmon__place_behind(struct qmon__place place, char character);

/* The file's text: to be freed, NUL-terminated behind ret_bytes. 0; -ENOMEM; otherwise a negative errno, and ret_why
 * (QMON__WHY_BYTES) says what is wrong with the file. Waits for nothing: only regular files are read. */
int qmon__document_read(const char *path, char **ret_text, size_t *ret_bytes, char *ret_why);

/* One JSON object, strictly; text[bytes] is NUL. 0; -ENOMEM; -EINVAL: *ret_place and ret_why (QMON__WHY_BYTES) say where and
 * what. */
int qmon__document_parse(const char *text, size_t bytes, struct json_object **ret_document,
                         struct qmon__place *ret_place, char *ret_why);

/* A member in the text of a valid document, by the names on the way to it, "[2]" being the third item of a list; the last one
 * of that name counts, as it does for the parser. Returns how many there are; *ret_place is the last one's, where its
 * name begins, or an item itself. */
unsigned qmon__document_locate(const char *text, size_t bytes, const char *const *names, size_t name_count,
                               struct qmon__place *ret_place);

/* Puts the document's values into `config`, marking in `origins` (one for each option) those it gave. Problems are
 * recorded as "NAME:LINE:COLUMN: PATH: ...". 0 or -ENOMEM. */
int qmon__document_apply(struct qmon_config *config, const char **origins, const char *name, const char *text,
                         size_t bytes, struct json_object *document);

#endif
