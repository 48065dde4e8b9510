/*
 * http_script.h: what a test server answers, in words, separated by commas:
 *   ok            the default answer            500, 404, ...  that status
 *   429:2         429 with Retry-After: 2       error:NAME     200 {"ok":false,"error":"NAME"}
 *   text:WORDS    200 with these words          slow:MS        the default answer after MS milliseconds
 *   close reset cut garbage huge drip hang long-header         see enum http_manner
 * WORD*N is N times that word.
 */
#ifndef QMON_HTTP_SCRIPT_H
#define QMON_HTTP_SCRIPT_H

#include <sys/types.h>

#include "http_server.h"

/* How many replies the words make; -1: they cannot be understood. Texts of the replies are never freed. */
ssize_t http_script_parse(const char *words, struct http_reply *ret_replies, size_t most);

#endif
