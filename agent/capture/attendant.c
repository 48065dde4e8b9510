#include "attendant.h"

#include <stdatomic.h>

#include "agent.h"
#include "clock.h"
#include "launch.h"
#include "record_file.h"

#define YIELDS 64u           /* some 20 us: to be woken takes longer */
#define YOUNG_NS 2000000000u /* an older process does not rely on a receiver that should have left long ago */

static struct qmon__spawn_stacks stacks; /* its own: it may be on its way still when the process ends */
static struct qmon__loose attendant QMON__HOT;

static _Atomic uint32_t *attendance(void) {
    return &qmon__agent.record->process.attendance;
}

void qmon__attendant_start(const char *why) {
    const struct qmon__spawn_request request = {
        .why = why, .manner = QMON__SPAWN_DETACHED, .stacks = &stacks, .loose = &attendant};
    atomic_store_explicit(attendance(), QMON_ATTENDANCE_COMING, memory_order_release);
    if (qmon__spawn_receiver(&request) != 0)
        atomic_store_explicit(attendance(), QMON_ATTENDANCE_NONE, memory_order_release);
}

bool qmon__attendant_takes_end(void) {
    const struct qmon_record_process *process = &qmon__agent.record->process;
    return atomic_load_explicit(attendance(), memory_order_acquire) == QMON_ATTENDANCE_COMING &&
           !atomic_load_explicit(&attendant.failed, memory_order_relaxed) && qmon__agent.record_path[0] != '\0' &&
           qmon__boot_ns() - process->created_boot_ns < YOUNG_NS;
}

void qmon__attendant_leave(uint64_t within_ms) {
    if (atomic_load_explicit(&attendant.pid, memory_order_relaxed) != 0)
        qmon__loose_leaves(&attendant, within_ms);
}

void qmon__attendant_forked(void) {
    atomic_store_explicit(&attendant.pid, 0, memory_order_relaxed);
    atomic_store_explicit(&attendant.failed, false, memory_order_relaxed);
}
