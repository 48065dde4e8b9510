/*
 * sigv4_check.h: is a request signed as AWS' Signature Version 4 wants it? Computed anew from the published description, with
 * OpenSSL, and shares no code with what signs.
 */
#ifndef QMON_TEST_SIGV4_CHECK_H
#define QMON_TEST_SIGV4_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "http_server.h"

struct sigv4_expected {
    const char *key_id, *secret, *token, *region, *service; /* token "": none */
};

/* NULL when it is; else what is wrong (static). Also wants every x-amz- header, the host and the content type signed, and a
 * date of not more than 5 minutes ago. */
const char *sigv4_check(const struct http_seen *request, const struct sigv4_expected *expected);

#endif
