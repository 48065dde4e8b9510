/*
 * unwind.h: stacks, by the libunwind that is linked in hidden.
 */
#ifndef QMON_CAPTURE_UNWIND_H
#define QMON_CAPTURE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include <qmon/record.h>

#include "steps.h"

/* The stack that leads to this context, innermost first, into frames[], frame_flags[] and the counts; unwind_end says how
 * it ended. Ends after within_ms. `jumped`: the program counter is no code, so a call or jump went wrong, and the stack
 * goes on at the place that it came from. qmon__modules_scan() comes before it. SIGNAL SAFETY: async-signal-safe. */
void qmon__unwind_crash(struct qmon_record_crash *crash, const ucontext_t *context, bool jumped, uint64_t within_ms);

/* Does the stack that leads here pass through the signal frame at this address? Then the handler it belongs to has not
 * returned, nor been left by a jump. SIGNAL SAFETY: async-signal-safe. */
bool qmon__unwind_passes(uintptr_t frame);

/* Does the stack that leads here return to `pc`, with the stack pointer in [low, high]? SIGNAL SAFETY: async-signal-safe. */
bool qmon__unwind_returns_to(uintptr_t pc, uintptr_t low, uintptr_t high);

/* Is one of the innermost frames that lead to this context in [start, start + bytes)? SIGNAL SAFETY: async-signal-safe. */
bool qmon__unwind_meets(const ucontext_t *context, uintptr_t start, size_t bytes, unsigned depth);

/* The caller's stack for an error report: return addresses, innermost first, without `skip` innermost ones, at most QMON_RING_FRAMES.
 * Returns how many; *ret_first is the first of them, in `ret_room`; *ret_trail says where the innermost lie, with the agent's
 * own, if that is known. Not from a signal handler: it may wait for the loader's lock. */
#define QMON__ROOM_FOR_HERE (QMON_RING_FRAMES + 16)
size_t qmon__unwind_here(void *ret_room[static QMON__ROOM_FOR_HERE], size_t skip, void *const **ret_first,
                         struct qmon__trail *ret_trail);

/* The child of a fork: what other threads of the parent held of the unwinder's locks is nobody's. SIGNAL SAFETY: async-signal-safe. */
void qmon__unwind_forked(void);

/* From here on the unwinder takes its images from modules.h and no longer from the loader. For the fatal path. */
void qmon__unwind_without_loader(void);

#endif
