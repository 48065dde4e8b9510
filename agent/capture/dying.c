#include "dying.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <qmon/paths.h>

#include "agent.h"
#include "births.h"
#include "clock.h"
#include "dispositions.h"
#include "hot.h"
#include "record_file.h"
#include "signals.h"
#include "sys.h"

/* How often it is looked again: each time after an eighth of the time that it has taken so far, and this. */
#define STEP_NS 250000u
#define STEP_DIVISOR 8u

#define REMEMBERED 64u
#define PID_BITS 22u /* of the kernel's PID_MAX_LIMIT */
#define SIGNAL_BITS 7u
#define IS_GROUP (1ull << (PID_BITS + SIGNAL_BITS))
#define TIME_SHIFT (PID_BITS + SIGNAL_BITS + 1u)
#define JUST_NOW_MS 1000u

#define UNBLOCKABLE (QMON__SIGNAL_BIT(SIGKILL) | QMON__SIGNAL_BIT(SIGSTOP))

/* Signals that end a process by default and whose mask is what the kernel shows (mask_code.h). */
#define ENDING (QMON__ENDING_SIGNALS | QMON__SIGNAL_BIT(SIGABRT))

struct condition {
    bool over; /* ended, or ending in the kernel already; or stopped or traced, so that no signal comes now */
    bool runs; /* or waits for something that no signal interrupts */
    uint64_t pending, blocked;
};

static uint64_t mask_of(const char *status, const char *name) {
    const char *at = strstr(status, name);
    uint64_t mask = 0;
    if (at == NULL)
        return 0;
    for (at += strlen(name); *at == ' ' || *at == '\t'; at++)
        ;
    for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
        mask = mask << 4 | (uint64_t) (*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return mask;
}

/* Of the main thread, which the kernel gives a signal for the process to if it can; from /proc/PID/status, proc(5). A process that has
 * no address space any more, or dumps its core, is past signals. */
static struct condition condition_of(int pid) {
    char text[2048];
    const char *end = text + sizeof text - 1;
    char *at = qmon__put_text(text, end, "/proc/");
    at = qmon__put_decimal(at, end, (uint64_t) pid);
    *qmon__put_text(at, end, "/status") = '\0';
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, text, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return (struct condition){.over = true};
    const long count = qmon__sys_3(SYS_read, fd, text, sizeof text - 1);
    qmon__sys_1(SYS_close, fd);
    text[count > 0 ? count : 0] = '\0';
    const char *const state = strstr(text, "\nState:\t");
    if (state == NULL || strchr("ZXTt", state[8]) != NULL || strstr(text, "\nVmSize:") == NULL ||
        strstr(text, "\nCoreDumping:\t1") != NULL)
        return (struct condition){.over = true};
    return (struct condition){.runs = state[8] != 'S',
                              .pending = mask_of(text, "\nSigPnd:") | mask_of(text, "\nShdPnd:"),
                              .blocked = mask_of(text, "\nSigBlk:")};
}

/* When, in ms; IS_GROUP; the signal; the number of the process, or of the group. */
static _Atomic uint64_t sent[REMEMBERED];
static _Atomic unsigned next_sent QMON__HOT;

static uint64_t now_ms(void) {
    return qmon__boot_ns() / 1000000;
}

static uint64_t entry_of(int pid, bool is_group, int signal) {
    return now_ms() << TIME_SHIFT | (is_group ? IS_GROUP : 0) | (uint64_t) signal << PID_BITS | (uint64_t) pid;
}

void qmon__ending_sent(int target, int signal) {
    if (signal <= 0 || signal > 64 || (QMON__SIGNAL_BIT(signal) & ENDING) == 0 || target == -1 || !qmon__agent.active)
        return;
    const int pid = target > 0 ? target : target < 0 ? -target : (int) qmon__sys_1(SYS_getpgid, 0);
    const unsigned place = atomic_fetch_add_explicit(&next_sent, 1, memory_order_relaxed) % REMEMBERED;
    atomic_store_explicit(&sent[place], entry_of(pid, target <= 0, signal), memory_order_relaxed);
}

/* The signals that this process sent to that one lately. */
static uint64_t sent_just_now(int pid) {
    const uint64_t process = entry_of(pid, false, 0);
    uint64_t group = 0, signals = 0;
    if (atomic_load_explicit(&next_sent, memory_order_relaxed) == 0)
        return 0;
    for (unsigned i = 0; i < REMEMBERED; i++) {
        const uint64_t one = atomic_load_explicit(&sent[i], memory_order_relaxed);
        if (one == 0 || (process >> TIME_SHIFT) - (one >> TIME_SHIFT) > JUST_NOW_MS)
            continue;
        if ((one & IS_GROUP) != 0 && group == 0)
            group = (uint64_t) qmon__sys_1(SYS_getpgid, pid);
        if ((one & ((1ull << PID_BITS) - 1)) == ((one & IS_GROUP) != 0 ? group : (uint64_t) pid))
            signals |= QMON__SIGNAL_BIT((one >> PID_BITS) & ((1u << SIGNAL_BITS) - 1));
    }
    return signals;
}

/* Does it have a mask that tells of our handler? All but faults are blocked in that, and as it returns, all but the signal that the
 * process shall die of, or all where a fault is to happen again. Nobody else asks for such: libc takes the two signals that it needs
 * itself, 32 and 33, out of any mask, and a runtime that asks the kernel for a full one has it for a moment, awake. */
static bool is_in_handler(const struct condition *condition) {
    const uint64_t open = ~condition->blocked & ~UNBLOCKABLE;
    return open == QMON__FAULT_SIGNALS || (condition->runs && (open & (open - 1)) == 0);
}

/* There is a moment in which a process shows neither a signal that waits nor the mask of our handler: the kernel has taken the one off
 * its list, and makes the frame of the other. A busy machine may leave it there. It is not asleep then, and of what this process
 * has sent it is known which signal that can be. */
static uint64_t on_its_way(int pid, const struct condition *condition) {
    const uint64_t taken = condition->runs ? sent_just_now(pid) : 0;
    return (condition->pending | taken) & ~condition->blocked & ENDING;
}

/* Is it about to die of what waits for it? So it is of a signal that it leaves its default action, as a child of ours does that has just
 * been made if we do; and on its way through an exec, after which every signal has that but what is ignored, which does not
 * wait. */
static bool dies_of(int pid, const struct condition *condition, uint64_t signals) {
    struct qmon__relative target;
    if (qmon__record_of_live_process(pid, &target))
        return (target.process_flags & QMON_PROCESS_INIT) == 0 && (signals & ~target.handled_signals) != 0;
    const bool has_record = qmon__record_of_process(pid, &target);
    if (qmon__birth_awaited(pid) || (!has_record && qmon__birth_known(pid))) /* begun, and its record is to come */
        return (signals & ~qmon__dispositions_handled()) != 0;
    return (signals & condition->pending) != 0 && has_record && target.state == QMON_STATE_EXEC;
}

/* In our handler its record may be gone already. */
static bool is_dying(int pid, const struct condition *condition) {
    if (condition->over)
        return false;
    if (is_in_handler(condition))
        return true;
    const uint64_t signals = on_its_way(pid, condition);
    return signals != 0 && dies_of(pid, condition, signals);
}

void qmon__let_die(int pid, uint64_t until_boot_ns) {
    struct condition condition = condition_of(pid);
    const uint64_t begin = qmon__boot_ns();
    for (uint64_t now = begin; now < until_boot_ns && is_dying(pid, &condition); now = qmon__boot_ns()) {
        const struct timespec step = {.tv_nsec = (long) (STEP_NS + (now - begin) / STEP_DIVISOR)};
        qmon__sys_2(SYS_nanosleep, &step, NULL);
        condition = condition_of(pid);
    }
}
