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

/* The file's text: to be freed, NUL-terminated behind ret_bytes. 0; -ENOMEM; otherwise a negative errno, and ret_why
 * (QMON__WHY_BYTES) says what is wrong with the file. Waits for nothing: only regular files are read. */
int qmon__document_read(const char *path, char **ret_text, size_t *ret_bytes, char *ret_why);

/* One JSON object, strictly; text[bytes] is NUL. 0; -ENOMEM; -EINVAL: *ret_line and ret_why (QMON__WHY_BYTES) say where and what. */
int qmon__document_parse(const char *text, size_t bytes, struct json_object **ret_document, unsigned *ret_line,
                         char *ret_why);

/* A member in the text of a valid document, by the names on the way to it, "[2]" being the third item of a list; the last one
 * of that name counts, as it does for the parser. Returns how many there are; *ret_line is the last one's line. */
unsigned qmon__document_locate(const char *text, size_t bytes, const char *const *names, size_t name_count,
                               unsigned *ret_line);

/* Puts the document's values into `config`, marking in `origins` (one for each option) those it gave. Problems are
 * recorded as "NAME:LINE: PATH: ...". 0 or -ENOMEM. */
int qmon__document_apply(struct qmon_config *config, const char **origins, const char *name, const char *text,
                         size_t bytes, struct json_object *document);

#endif
