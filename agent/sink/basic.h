/* basic.h: base64, and "Basic ..." for an Authorization header. Private to agent/sink. */
#ifndef QMON_SINK_BASIC_H
#define QMON_SINK_BASIC_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the text of `bytes` bytes and a NUL. */
#define QMON__BASE64_BYTES(bytes) (((bytes) + 2) / 3 * 4 + 1)

void qmon__base64(const void *data, size_t bytes, char *ret_text);
/* "" for no user; false: too long. */
bool qmon__basic(const char *user, const char *password, char *ret_text, size_t bytes);

#endif
