#include "dying.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <qmon/paths.h>

#include "signals.h"
#include "sys.h"

#define STEP_NS 500000
/* How often it is looked again while the signal has not come; while all signals are blocked, as in our handler; and after both. */
#define STEPS_PENDING 200u
#define STEPS_HANDLING 40u
#define STEPS_AFTER 4u

enum stage { STAGE_NONE, STAGE_PENDING, STAGE_HANDLING };

struct condition {
    bool
        over; /* it has ended; or it is stopped, traced, or in a call that nothing interrupts, and no signal comes now */
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
    return (struct condition){.stage = (~blocked & QMON__ENDING_SIGNALS) == 0 ? STAGE_HANDLING : STAGE_NONE};
}

void qmon__let_die(int pid) {
    static const unsigned limits[] = {
        [STAGE_NONE] = STEPS_AFTER, [STAGE_PENDING] = STEPS_PENDING, [STAGE_HANDLING] = STEPS_HANDLING};
    const struct timespec step = {.tv_nsec = STEP_NS};
    unsigned steps[] = {0, 0, 0};
    struct condition now = condition_of(pid);
    if (!now.over && now.stage == STAGE_NONE)
        now = condition_of(pid); /* the kernel takes a signal off its list a moment before it blocks the others */
    if (now.over || now.stage == STAGE_NONE)
        return;
    while (!now.over && steps[now.stage]++ < limits[now.stage]) {
        qmon__sys_2(SYS_nanosleep, &step, NULL);
        now = condition_of(pid);
    }
}
