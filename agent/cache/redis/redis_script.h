/*
 * redis_script.h: the script that decides.
 */
#ifndef QMON__CACHE_REDIS_SCRIPT_H
#define QMON__CACHE_REDIS_SCRIPT_H

/* The text, and its digest by which Redis knows it once it has seen it. The tests ask a real one whether they agree. */
extern const char qmon__script[];
#define QMON__SCRIPT_SHA1 "1fbd059e3c460e53d6a31e77db77fb5c06b4bdc2"

/*
 * Whether a problem is over: asked now and then, so it goes out with its text each time. KEYS 1 the problem's; ARGV 1 how long
 * nobody must have seen it, ms (and longer where hosts count a hot key by themselves, see qmon_window_may_wait), 2 who asks,
 * without blanks. Gives an enum qmon_quiet. Besides what the other one keeps: r, the
 * last occurrence whose end was told, and by whom.
 */
extern const char qmon__script_quiet[];

#endif
