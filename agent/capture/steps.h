/*
 * steps.h: stacks, by a memory of how each function is left: where, as told from the stack and frame pointers of a call in it, the
 * return address and the caller's frame pointer are. A walk along known places costs a few ns a frame.
 *
 * The memory is the whole process's, so that what one thread has learned no other has to learn again, and takes no memory from
 * any. It holds what can be told by constant distances, which is nearly every function; of others it knows that it cannot.
 */
#ifndef QMON_CAPTURE_STEPS_H
#define QMON_CAPTURE_STEPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the innermost return addresses lie. */
#define QMON__TRAIL 16u
struct qmon__trail {
    uintptr_t slots[QMON__TRAIL];
    size_t count;
};

/* Return addresses of the caller's stack, innermost first: the first is that of the caller of the function that calls this. Returns
 * how many, at most `most`; 0, with an empty trail: there is one among them that cannot be passed in this way. Not from a signal
 * handler: what is not known yet is asked of the unwinder, which may wait for the loader's lock. THREADS: any, without locks
 * of its own. */
size_t qmon__steps_here(void **ret_frames, size_t most, struct qmon__trail *ret_trail);

/* Code has gone (dlclose): what was known of it may be wrong for what comes in its place. THREADS: any. */
void qmon__steps_forget(void);
/* How often that has been. */
extern _Atomic uint64_t qmon__steps_forgotten;
static inline uint64_t qmon__steps_age(void) {
    return atomic_load_explicit(&qmon__steps_forgotten, memory_order_relaxed);
}

#endif
