#include "dying.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <qmon/paths.h>

#include "agent.h"
#include "clock.h"
#include "hot.h"
#include "record_file.h"
#include "signals.h"
#include "sys.h"

#define STEP_NS 500000
/* How often it is looked again: in all; while our handler runs; while the program is busy, so that it may not have come to the signal;
 * and when it waits for something, so that it has. */
#define STEPS_MOST 200u
#define STEPS_HANDLING 40u
#define STEPS_BUSY 100u
#define STEPS_AFTER 4u

#define REMEMBERED 64u
#define PID_BITS 22u /* of the kernel's PID_MAX_LIMIT */
#define JUST_NOW_MS 100u

/* What is blocked in our handler for an ending signal (dispositions.c), and never by a program's own mask, however full: libc takes
 * the two signals that it needs itself, 32 and 33, out of any that it is given. */
#define BLOCKED_IN_HANDLER (~(QMON__FAULT_SIGNALS | QMON__SIGNAL_BIT(SIGKILL) | QMON__SIGNAL_BIT(SIGSTOP)))

enum stage { STAGE_NONE, STAGE_BUSY, STAGE_PENDING, STAGE_HANDLING };

struct condition {
    bool over; /* ended; or stopped, traced, or in a call that nothing interrupts: no signal comes now */
    enum stage stage;
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

/* From /proc/PID/status; proc(5). */
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
    if (state == NULL || strchr("ZXTtD", state[8]) != NULL)
        return (struct condition){.over = true};
    const uint64_t pending = mask_of(text, "\nSigPnd:") | mask_of(text, "\nShdPnd:");
    const uint64_t blocked = mask_of(text, "\nSigBlk:");
    if ((pending & ~blocked & QMON__ENDING_SIGNALS) != 0)
        return (struct condition){.stage = STAGE_PENDING};
    return (struct condition){.stage = (~blocked & BLOCKED_IN_HANDLER) == 0 ? STAGE_HANDLING
                                       : state[8] == 'R'                    ? STAGE_BUSY
                                                                            : STAGE_NONE};
}

/* The time, in ms, above the number of the process. */
static _Atomic uint64_t sent[REMEMBERED];
static _Atomic unsigned next_sent QMON__HOT;

static uint64_t now_ms(void) {
    return qmon__boot_ns() / 1000000;
}

void qmon__ending_sent(int pid, int signal) {
    if (!qmon__agent.active || pid <= 0 || signal <= 0 || signal > 64 ||
        (QMON__SIGNAL_BIT(signal) & QMON__ENDING_SIGNALS) == 0)
        return;
    const unsigned place = atomic_fetch_add_explicit(&next_sent, 1, memory_order_relaxed) % REMEMBERED;
    atomic_store_explicit(&sent[place], now_ms() << PID_BITS | (uint64_t) pid, memory_order_relaxed);
}

static bool was_sent_just_now(int pid) {
    const uint64_t now = now_ms();
    for (unsigned i = 0; i < REMEMBERED; i++) {
        const uint64_t one = atomic_load_explicit(&sent[i], memory_order_relaxed);
        if ((one & ((1ull << PID_BITS) - 1)) == (uint64_t) pid && now - (one >> PID_BITS) <= JUST_NOW_MS)
            return true;
    }
    return false;
}

/* There is a moment in which a process shows neither a signal that waits nor the mask of our handler: the kernel has taken the one off
 * its list, and makes the frame of the other. A busy machine may leave it there. So one that this process has sent a signal to
 * is looked at again. */
static bool may_be_dying(int pid, const struct condition *condition) {
    return !condition->over && (condition->stage >= STAGE_PENDING || was_sent_just_now(pid));
}

void qmon__let_die(int pid) {
    static const unsigned limits[] = {[STAGE_NONE] = STEPS_AFTER,
                                      [STAGE_BUSY] = STEPS_BUSY,
                                      [STAGE_PENDING] = STEPS_MOST,
                                      [STAGE_HANDLING] = STEPS_HANDLING};
    const struct timespec step = {.tv_nsec = STEP_NS};
    unsigned steps[] = {0, 0, 0, 0};
    struct qmon__relative target;
    struct condition now = condition_of(pid);
    if (!may_be_dying(pid, &now) || !qmon__record_of_live_process(pid, &target))
        return;
    for (unsigned all = 0; all < STEPS_MOST && !now.over && steps[now.stage]++ < limits[now.stage]; all++) {
        qmon__sys_2(SYS_nanosleep, &step, NULL);
        now = condition_of(pid);
    }
}
