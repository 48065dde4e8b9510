/*
 * The way is a signal to each thread, whose handler says where the interrupted context lies and does not return: that a dying process
 * stands still changes less than system calls that fail with EINTR would. This thread then follows the stacks one after the other.
 *
 * The signal is one of the two that glibc keeps for itself: programs cannot set it, and neither sigfillset() nor sigprocmask()
 * block it, so that it reaches those threads, too, that handle no signals. What glibc uses it for (setuid() in all threads) is not
 * waited for by anybody any more.
 */
#include "other_threads.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <time.h>

#include <qmon/paths.h>

#include "agent.h"
#include "background.h"
#include "clock.h"
#include "entries.h"
#include "filters.h"
#include "guard.h"
#include "machine.h"
#include "text.h"
#include "unwind.h"
#include "valgrind.h"

#define STOP_SIGNAL 33 /* SIGSETXID of glibc's nptl */
#define QUIET_NS                                                                                                       \
    200000000 /* no further thread has stopped for so long, however busy the machine is: the others will not */
#define TASK_ROUNDS 64u   /* some 8,000 threads: past those that there is room for */
#define ONE_STACK_MS 100u /* a stack of 100,000 frames takes 40 */
#define STACK_BYTES                                                                                                    \
    (8u << 20) /* above the stack pointer, at most; where it ends exactly takes a look at all mappings */

static struct place {
    int tid;
    char state;
    char name[QMON_THREAD_NAME_BYTES];
    _Atomic(const ucontext_t *) context; /* NULL: it has not stopped */
} places[QMON_RECORD_THREADS];
static unsigned place_count;
static _Atomic uint32_t stopped;      /* how many have */
static struct qmon_record_crash room; /* of the stack that is being followed */

static void stop(int signal, siginfo_t *info, void *context) {
    (void) signal;
    (void) info;
    const int tid = qmon__gettid();
    for (unsigned i = 0; i < place_count; i++) {
        if (places[i].tid != tid)
            continue;
        atomic_store_explicit(&places[i].context, context, memory_order_release);
        atomic_fetch_add_explicit(&stopped, 1, memory_order_release);
        qmon__sys_6(SYS_futex, &stopped, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        break;
    }
    static const uint32_t never;
    while (qmon__sys_6(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != -EPERM) {
    }
    for (;;)
        qmon__sys(SYS_sched_yield);
}

/* What keeps its rights over an exec is the superuser alone. */
static bool may_trace_anybody(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    return qmon__sys(SYS_geteuid) == 0 && qmon__sys_2(SYS_capget, &header, data) == 0 &&
           (data[0].effective & 1u << CAP_SYS_PTRACE) != 0;
}

static char yama_scope(void) {
    char scope = '0';
    const long fd = qmon__sys_4(SYS_openat, AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return scope;
    qmon__sys_3(SYS_read, fd, &scope, 1);
    qmon__sys_1(SYS_close, fd);
    return scope;
}

/* 2: only the superuser gets a core, and a look. */
static bool is_undumpable(void) {
    const long dumpable = qmon__sys_1(SYS_prctl, PR_GET_DUMPABLE);
    return dumpable == 0 || dumpable == 2;
}

static bool is_closed_to_others(void) {
    static const long seizing[6] = {PTRACE_SEIZE};
    if (qmon__filters_seen() && qmon__filters_forbid(SYS_ptrace, seizing))
        return true; /* others, that refuse or are not ours, are found out by trying */
    const char scope = yama_scope();
    if (scope >= '3')
        return true;
    return (scope == '2' || is_undumpable()) && !may_trace_anybody();
}

/* Name and state, by the line of /proc/TID/stat: its number, "(name)", a letter. */
static void look_at(long directory, const char *name, struct place *place) {
    char path[32], line[96];
    const char *const end = path + sizeof path - 1;
    *qmon__put_text(qmon__put_text(path, end, name), end, "/stat") = '\0';
    const long fd = qmon__sys_4(SYS_openat, directory, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    const long bytes = qmon__sys_3(SYS_read, fd, line, sizeof line);
    qmon__sys_1(SYS_close, fd);
    long open = 0, close = 0;
    for (long i = 0; i < bytes; i++)
        if (line[i] == '(' && open == 0)
            open = i + 1;
        else if (line[i] == ')')
            close = i;
    if (open == 0 || close < open || close + 2 >= bytes)
        return;
    const long length = close - open < QMON_THREAD_NAME_BYTES ? close - open : QMON_THREAD_NAME_BYTES - 1;
    memcpy(place->name, line + open, (size_t) length);
    place->state = line[close + 2];
}

struct task_list {
    int fd;
    uint32_t own, background;
};

static void add_thread(const char *name, void *argument) {
    const struct task_list *const list = argument;
    uint64_t tid;
    if (place_count == QMON_RECORD_THREADS || !qmon__parse_count(name, &tid) || tid == list->own ||
        tid == list->background)
        return;
    places[place_count].tid = (int) tid;
    look_at(list->fd, name, &places[place_count++]);
}

static void list_threads(void) {
    struct task_list list = {.own = (uint32_t) qmon__gettid(), .background = (uint32_t) qmon__background_tid()};
    list.fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (list.fd < 0)
        return;
    qmon__each_entry(list.fd, TASK_ROUNDS, add_thread, &list);
    qmon__sys_1(SYS_close, list.fd);
}

/* Until all have stopped, or none has for a while. */
static void await_stops(uint32_t wanted, uint64_t until_ns) {
    const struct timespec patience = {.tv_nsec = QUIET_NS};
    uint32_t seen;
    while ((seen = atomic_load_explicit(&stopped, memory_order_acquire)) < wanted && qmon__boot_ns() < until_ns) {
        const long woken = qmon__sys_6(SYS_futex, &stopped, FUTEX_WAIT_PRIVATE, seen, &patience, NULL, 0);
        if (woken != 0 && woken != -EAGAIN && woken != -EINTR)
            return;
    }
}

static bool stop_threads(uint64_t until_ns) {
    const struct qmon__kernel_action action = {.handler = (void *) stop,
                                               .flags = SA_SIGINFO | SA_ONSTACK | QMON__SA_RESTORER,
                                               .restorer = (void *) qmon__restore_rt,
                                               .mask = ~(qmon__sigset) 0};
    uint32_t wanted = 0;
    if (qmon__sigaction(STOP_SIGNAL, &action, NULL) != 0)
        return false;
    for (unsigned i = 0; i < place_count; i++) {
        const bool sent = qmon__sys_3(SYS_tgkill, qmon__getpid(), places[i].tid, STOP_SIGNAL) == 0;
        wanted +=
            sent && places[i].state != 'D'; /* in a wait that no signal ends, as a parent's for its child of vfork */
    }
    await_stops(wanted, until_ns);
    return true;
}

static void keep_stack(struct qmon_record_threads *threads, uint32_t at, uint32_t first, const struct place *place) {
    struct qmon_record_thread *const thread = &threads->entries[at];
    const uint32_t left = QMON_RECORD_THREADS_FRAMES - first;
    uint32_t count =
        room.frame_count_inner < QMON_RECORD_THREAD_FRAMES ? room.frame_count_inner : QMON_RECORD_THREAD_FRAMES;
    count = count < left ? count : left;
    const bool whole = count == room.frame_count_inner && room.frame_count_outer == 0;
    *thread = (struct qmon_record_thread){.tid = (uint32_t) place->tid,
                                          .first = (uint16_t) first,
                                          .frame_count = (uint16_t) count,
                                          .unwind_end = (uint8_t) (whole ? room.unwind_end : QMON_UNWIND_LIMIT),
                                          .state = place->state};
    memcpy(thread->name, place->name, sizeof thread->name);
    memcpy(&threads->frames[first], room.frames, count * sizeof room.frames[0]);
    memcpy(&threads->frame_flags[first], room.frame_flags, count);
}

struct keeping {
    struct qmon_record_threads *threads;
    uint64_t until_ns;
};

/* Under a guard: the record's pages may not be there to be written. */
static void keep_stacks(void *argument) {
    const struct keeping *keeping = argument;
    uint32_t kept = 0, first = 0;
    for (unsigned i = 0; i < place_count && first < QMON_RECORD_THREADS_FRAMES; i++) {
        const ucontext_t *context = atomic_load_explicit(&places[i].context, memory_order_acquire);
        if (context == NULL)
            continue;
        if (qmon__boot_ns() >= keeping->until_ns)
            return;
        room.frame_count_inner = room.frame_count_outer = 0;
        room.stack_high = qmon__stack_pointer(context) + STACK_BYTES;
        qmon__unwind_crash(&room, context, false, ONE_STACK_MS);
        keep_stack(keeping->threads, kept, first, &places[i]);
        first += keeping->threads->entries[kept].frame_count;
        atomic_store_explicit(&keeping->threads->count, ++kept, memory_order_release);
    }
}

void qmon__keep_other_threads(struct qmon_record *record, uint64_t within_ms, bool refused) {
    struct keeping keeping = {&record->threads, qmon__boot_ns() + within_ms * 1000000u};
    if (place_count > 0 || qmon__on_valgrind() || (!refused && !is_closed_to_others()))
        return;
    list_threads();
    if (place_count > 0 && stop_threads(keeping.until_ns))
        qmon__guarded(keep_stacks, &keeping, 0);
}
