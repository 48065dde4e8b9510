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
 * THE FLEET is counted beside the window, as long as the key lives: all occurrences; hosts, exactly up to 1024, at which the
 * count stays; and of the 16 versions seen last occurrences, first and last time.
 *
 * One key, hash-tagged: qmon:{KEY}:window, a hash of s (start), a (alerts), t (total), n (held back), f (first seen),
 * l (last seen), of the last alert granted g (nonce) and p (told as held back), c (all occurrences), h (hosts), h:NAME (a
 * host, and when it came first), v (versions, the last one first: lines of name, occurrences, first, last). It expires by
 * itself. One key, not several: of a slot that is being moved, a script about several keys is refused where one is missing.
 *
 * ARGV  1 window ms, 2 limit, 3 count, 4 nonce, 5 ms to live; known: 6 age of the window or -1, 7 alerts, 8 total,
 *       9 held back, 10 age of the first occurrence; 11 host and 12 version, without tabs and line feeds, "" not known
 * Gives {alert 0/1, held back, total, alerts, age of the window, age of the first occurrence, all, hosts, versions}, the last
 * an array of at most 8 arrays {name, occurrences, age of the first, age of the last}.
 */
#include "redis_script.h"

const char qmon__script[] =
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local window, limit, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local age, known_alerts, known_total = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])\n"
    "local held_there, first_there = tonumber(ARGV[9]), now - tonumber(ARGV[10])\n"
    "local h = redis.call('HMGET', KEYS[1], 's', 'a', 't', 'n', 'f', 'g', 'p', 'c', 'h', 'v')\n"
    "local start, alerts, total = tonumber(h[1]) or 0, tonumber(h[2]) or 0, tonumber(h[3]) or 0\n"
    "local held, first = tonumber(h[4]) or 0, tonumber(h[5]) or now\n"
    "local all, hosts, versions = tonumber(h[8]) or total, tonumber(h[9]) or 0, {}\n"
    "for name, times, from, to in string.gmatch(h[10] or '', '([^\\t\\n]+)\\t(%d+)\\t(%d+)\\t(%d+)\\n') do\n"
    "    versions[#versions + 1] = {name, tonumber(times), tonumber(from), tonumber(to)}\n"
    "end\n"
    "local function answer(alert, told)\n"
    "    local list = {}\n"
    "    for i = 1, math.min(#versions, 8) do\n"
    "        local v = versions[i]\n"
    "        list[i] = {v[1], v[2], math.max(0, now - v[3]), math.max(0, now - v[4])}\n"
    "    end\n"
    "    return {alert, told, total, alerts, math.max(0, now - start), math.max(0, now - first), all, hosts, list}\n"
    "end\n"
    "if h[6] == ARGV[4] then return answer(1, tonumber(h[7]) or 0) end\n"
    "if start > now then start = now end\n"
    "local open = total > 0 and now - start < window\n"
    "local added = held_there\n"
    "if age >= 0 and age < window then\n"
    "    if open then\n"
    "        added = held_there + math.max(0, known_alerts - alerts)\n"
    "        total = total + added\n"
    "        alerts = math.max(alerts, known_alerts)\n"
    "    elseif total == 0 or now - age > start + 2000 then\n"
    "        start, alerts, total, open, added = now - age, known_alerts, known_total, true, known_total\n"
    "    end\n"
    "end\n"
    "if not open then start, alerts, total = now, 0, 0 end\n"
    "first = math.min(first, first_there, now)\n"
    "held = held + held_there\n"
    "total = total + count\n"
    "all = all + added + count\n"
    "local told = 0\n"
    "local alert = alerts < limit and 1 or 0\n"
    "if alert == 1 then\n"
    "    told, held, alerts = held + count - 1, 0, alerts + 1\n"
    "    redis.call('HSET', KEYS[1], 'g', ARGV[4], 'p', string.format('%.0f', told))\n"
    "else\n"
    "    told = held + count\n"
    "    held = told\n"
    "end\n"
    "if ARGV[11] ~= '' and hosts < 1024 then hosts = hosts + redis.call('HSETNX', KEYS[1], 'h:' .. ARGV[11], now) end\n"
    "if ARGV[12] ~= '' then\n"
    "    local own = {ARGV[12], 0, now, now}\n"
    "    for i = #versions, 1, -1 do\n"
    "        if versions[i][1] == ARGV[12] then own = table.remove(versions, i) end\n"
    "    end\n"
    "    own[2], own[4] = own[2] + added + count, now\n"
    "    table.insert(versions, 1, own)\n"
    "    versions[17] = nil\n"
    "end\n"
    "local packed = {}\n"
    "for i, v in ipairs(versions) do packed[i] = string.format('%s\\t%.0f\\t%.0f\\t%.0f\\n', v[1], v[2], v[3], v[4]) end\n"
    "redis.call('HSET', KEYS[1], 's', start, 'a', string.format('%.0f', alerts), 't', string.format('%.0f', total),\n"
    "    'n', string.format('%.0f', held), 'f', first, 'l', now, 'c', string.format('%.0f', all), 'h', hosts,\n"
    "    'v', table.concat(packed))\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[5])\n"
    "return answer(alert, told)\n";

const char qmon__script_quiet[] =
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local h = redis.call('HMGET', KEYS[1], 'l', 'r', 't')\n"
    "local last, total = h[1] or '0', tonumber(h[3]) or 0\n"
    "local patience = tonumber(ARGV[1])\n"
    "if total >= 100 then patience = patience + math.min(total, 60000) end\n"
    "if now - tonumber(last) < patience then return 0 end\n"
    "local mark = last .. ' ' .. ARGV[2]\n"
    "if h[2] == mark then return 1 end\n"
    "if h[2] and string.match(h[2], '^(%S+) ') == last then return 2 end\n"
    "redis.call('HSET', KEYS[1], 'r', mark)\n"
    "if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], 604800000) end\n"
    "return 1\n";
