/*
 * ring_memo.h: stacks that were looked up before. Programs report from few places, again and again; a stack whose addresses
 * are those of an earlier one, in a process whose modules are the same, has the same frames.
 */
#ifndef QMON_RECEIVER_RING_MEMO_H
#define QMON_RECEIVER_RING_MEMO_H

#include <stdbool.h>

#include <qmon/event.h>
#include <qmon/record.h>

struct qmon__ring_memo;

struct qmon__ring_memo *qmon__ring_memo_open(void);       /* NULL: out of memory */
void qmon__ring_memo_close(struct qmon__ring_memo *memo); /* NULL is fine */
/* The modules have changed. */
void qmon__ring_memo_forget(struct qmon__ring_memo *memo);

/* Gives the event the frames of a stack like the slot's, which came with the event that is returned. Their texts belong to the
 * memo: the event must not outlive it, nor the next qmon__ring_memo_forget. NULL: there is none. */
const struct qmon_event *qmon__ring_memo_recall(struct qmon__ring_memo *memo, const struct qmon_ring_slot *slot,
                                                struct qmon_event *event);
/* Takes an event over that has been through the pipeline (true), which is freed in time; false: there is no room, it stays the caller's. */
bool qmon__ring_memo_keep(struct qmon__ring_memo *memo, const struct qmon_ring_slot *slot, struct qmon_event *event);

#endif
