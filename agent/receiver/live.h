/*
 * live.h: is the process that a record belongs to alive?
 */
#ifndef QMON_RECEIVER_LIVE_H
#define QMON_RECEIVER_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "record_file.h"

enum qmon__life {
    QMON__LIFE_ALIVE,
    QMON__LIFE_DEAD,      /* for certain */
    QMON__LIFE_DEAD_BOOT, /* so is its machine's boot: power cut, reboot, kernel panic */
    QMON__LIFE_UNKNOWN,   /* cannot be told from here; to be left alone */
};

/* Loads the record's head if need be; a record that cannot be read is UNKNOWN. */
enum qmon__life qmon__life_of(struct qmon__record_file *file);

/* What the parts of the decision saw; the decision itself is pure. */
struct qmon__life_signs {
    bool same_boot;      /* or the record's boot is not told */
    bool same_namespace; /* record's pid namespace is ours, and /proc is too */
    bool exists;         /* same_namespace: there is a process of that number */
    bool started_known;  /* its start is known */
    bool started_before; /* it started no later than the record */
    bool ended;          /* it is a zombie without threads: nothing of it runs any more */
    bool same_time_namespace;
    bool lock_held;
    bool lock_speaks;    /* a free lock on this file system means that the mapping is gone */
    bool mapping_needed; /* state says that an agent must be in there: a process without the mapping is not this one */
    bool local_disk;     /* the file cannot be shared with another machine */
    enum qmon__elsewhere { QMON__ELSEWHERE_UNSURE, QMON__ELSEWHERE_ALIVE, QMON__ELSEWHERE_GONE } elsewhere;
};
enum qmon__life qmon__judge_life(const struct qmon__life_signs *signs);

/* Looks for process `pid` (as it sees itself) in another pid namespace, among the processes that we can see. GONE: that
 * namespace has no process any more, or this one is not in it; UNSURE: not all could be looked at, or that namespace need
 * not be below ours. */
enum qmon__elsewhere qmon__look_elsewhere(const struct qmon__record_file *file);

#endif
