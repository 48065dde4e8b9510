/*
 * recursion.h: frames of a trace that repeat. One finder for the rendered trace, the cause of a stack overflow and the
 * fingerprint. Private to this folder.
 */
#ifndef QMON_PIPELINE_RECURSION_H
#define QMON_PIPELINE_RECURSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/event.h>

struct qmon__recursion {
    size_t at, period; /* one round: frames [at, at + period) of the list, innermost first */
    size_t taken;      /* frames [at, at + taken) of the list belong to the recursion */
    size_t entry;      /* the outermost frame that keeps to it: where it was entered */
    uint64_t times;    /* rounds, those in gaps of the capture included */
    uint64_t omitted;  /* frames in such gaps that the recursion crosses */
};

/* Equal for frames that are the same place of the program: functions by their name, else by their offset. */
uint64_t qmon__frame_key(const struct qmon_frame *frame);

/* Recursion that begins at frame `at`; keys[i] is qmon__frame_key() of frame i. False: there is none. */
bool qmon__recursion_at(const struct qmon_thread *thread, const uint64_t *keys, size_t at,
                        struct qmon__recursion *ret_recursion);

/* The first recursion of the trace, from its innermost frame on. Memory of the event. */
bool qmon__recursion_find(struct qmon_event *event, const struct qmon_thread *thread,
                          struct qmon__recursion *ret_recursion);

#endif
