/*
 * redis_script.c: one decision, atomically in Redis. The policy is qmon_window_decide()'s, and besides:
 *
 * TIME is Redis' own: a host whose clock is wrong neither ends nor prolongs anybody's window. Hosts hand in and get ages.
 *
 * KNOWN is what the asking host remembers (chain.c): its open window is taken over where the key is lost or the window here
 * is over and began more than 2 s before that one; alerts it knows of count; occurrences held back there are added.
 *
 * NONCE identifies the question. Who asks again, because the answer was lost with the connection, is not told that somebody
 * else has alerted when it was granted the alert itself.
 *
 * One key, hash-tagged: qmon:{KEY}:window, a hash of s (start), a (alerts), t (total), n (held back), f (first seen),
 * l (last seen), and of the last alert granted g (nonce) and p (told as held back). It expires by itself.
 *
 * ARGV  1 window ms, 2 limit, 3 count, 4 nonce, 5 ms to live; known: 6 age of the window or -1, 7 alerts, 8 total,
 *       9 held back, 10 age of the first occurrence
 * Gives {alert 0/1, held back, total, alerts, age of the window, age of the first occurrence}.
 */
#include "redis_script.h"

const char qmon__script[] =
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local window, limit, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local age, known_alerts, known_total = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])\n"
    "local held_there, first_there = tonumber(ARGV[9]), now - tonumber(ARGV[10])\n"
    "local h = redis.call('HMGET', KEYS[1], 's', 'a', 't', 'n', 'f', 'g', 'p')\n"
    "local start, alerts, total = tonumber(h[1]) or 0, tonumber(h[2]) or 0, tonumber(h[3]) or 0\n"
    "local held, first = tonumber(h[4]) or 0, tonumber(h[5]) or now\n"
    "if h[6] == ARGV[4] then\n"
    "    return {1, tonumber(h[7]) or 0, total, alerts, math.max(0, now - start), math.max(0, now - first)}\n"
    "end\n"
    "if start > now then start = now end\n"
    "local open = total > 0 and now - start < window\n"
    "if age >= 0 and age < window then\n"
    "    if open then\n"
    "        total = total + held_there + math.max(0, known_alerts - alerts)\n"
    "        alerts = math.max(alerts, known_alerts)\n"
    "    elseif total == 0 or now - age > start + 2000 then\n"
    "        start, alerts, total, open = now - age, known_alerts, known_total, true\n"
    "    end\n"
    "end\n"
    "if not open then start, alerts, total = now, 0, 0 end\n"
    "first = math.min(first, first_there, now)\n"
    "held = held + held_there\n"
    "total = total + count\n"
    "local alert, told = 0, held + count\n"
    "if alerts < limit then\n"
    "    alert, told, held, alerts = 1, held + count - 1, 0, alerts + 1\n"
    "    redis.call('HSET', KEYS[1], 'g', ARGV[4], 'p', told)\n"
    "else\n"
    "    held = told\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 's', start, 'a', alerts, 't', total, 'n', held, 'f', first, 'l', now)\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[5])\n"
    "return {alert, told, total, alerts, now - start, now - first}\n";
