/* same_stack.h: threads that wait in the same place, as those of a pool do. */
#ifndef QMON_PIPELINE_SAME_STACK_H
#define QMON_PIPELINE_SAME_STACK_H

#include <qmon/event.h>

/* Do both stand in the same frames, called from the same places? Threads of an interpreter never do. */
bool qmon__same_stack(const struct qmon_thread *one, const struct qmon_thread *other);

/* The first thread before `at` with its stack, the crashed one left out; or `at`. */
size_t qmon__first_with_stack(const struct qmon_event *event, size_t at);

/* Of an event that was read: gives threads with same_as the frames of the thread that it names. */
void qmon__unfold_threads(struct qmon_event *event);

#endif
