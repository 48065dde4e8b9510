/*
 * redis_problem.h: what went wrong, in words.
 */
#ifndef QMON__CACHE_REDIS_PROBLEM_H
#define QMON__CACHE_REDIS_PROBLEM_H

#include <stddef.h>

#include "redis_address.h"

/* "redis at cache:6379: connection refused". `said` is what the server said, or our own note, untrusted; it is left out
 * where it holds the password, and always where the error is about access, because servers repeat what they were sent.
 * NULL: nothing. `where`: the node, as shown; NULL: the address. */
void qmon__redis_problem(char *ret_text, size_t bytes, const struct qmon__redis_address *address, const char *where,
                         int error, const char *said);

#endif
