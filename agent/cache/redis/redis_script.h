/*
 * redis_script.h: the script that decides.
 */
#ifndef QMON__CACHE_REDIS_SCRIPT_H
#define QMON__CACHE_REDIS_SCRIPT_H

/* The text, and its digest by which Redis knows it once it has seen it. The tests ask a real one whether they agree. */
extern const char qmon__script[];
#define QMON__SCRIPT_SHA1 "1fbd059e3c460e53d6a31e77db77fb5c06b4bdc2"

#endif
