/*
 * targets.h: what the registers and the words of the stack of a crashed thread point to.
 *
 * SECRETS. Memory that the program can write to is never quoted: a string there may be a password. Only constants that
 * came with a module are, and of the stack only words that are addresses or small numbers are kept at all.
 */
#ifndef QMON_RECEIVER_TARGETS_H
#define QMON_RECEIVER_TARGETS_H

#include <qmon/event.h>
#include <qmon/pipeline.h>
#include <qmon/record.h>

#include "memory_map.h"

/* Says of each register what it points to, code excepted, and keeps the words of the stack. live_pid: the process waits, and is read for
 * constants; 0: what can be said without it. The event has registers and modules. */
void qmon__add_targets(struct qmon_event *event, const struct qmon_record_crash *crash,
                       const struct qmon__memory_map *map, uint32_t live_pid);

/* What lies at an address, in the same words; NULL: nothing, or code. */
const char *qmon__address_words(struct qmon_event *event, const struct qmon_record_crash *crash,
                                const struct qmon__memory_map *map, uint64_t address, uint32_t live_pid);

/* qmon_symbolize(), and the functions that registers point into. */
void qmon__symbolize_event(struct qmon_symbolizer *symbolizer, struct qmon_event *event, uint32_t live_pid,
                           uint64_t deadline_monotonic_ms);

#endif
