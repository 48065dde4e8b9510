#include "sharers.h"

#include <stdatomic.h>

#include "agent.h"
#include "hot.h"
#include "thread.h"

#define NEAR_BYTES 131072u /* of the start of a stack, in which most calls are made */

static _Atomic bool always_ask QMON__HOT;

void qmon__sharer_expected(bool waits) {
    if (waits)
        qmon__thread.may_be_guest = true;
    else
        atomic_store_explicit(&always_ask, true, memory_order_relaxed);
}

/* The first frame that we saw may lie below the first of the program's. */
static bool is_on_own_stack(void) {
    const uintptr_t here = (uintptr_t) __builtin_frame_address(0), top = qmon__thread.stack_top;
    return top != 0 && here - (top - NEAR_BYTES) < 2 * NEAR_BYTES;
}

bool qmon__is_surely_owner(void) {
    if (!qmon__thread.may_be_guest && is_on_own_stack() && !atomic_load_explicit(&always_ask, memory_order_relaxed))
        return true;
    if (!qmon__is_owner())
        return false;
    qmon__thread.may_be_guest = false;
    return true;
}
