#include "mask_code.h"
#include "hot.h"

#include <signal.h>
#include <stdatomic.h>

#include "signals.h"
#include "thread.h"

static const unsigned char fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

#define FAULT_SIGNAL_COUNT (sizeof fault_signals / sizeof fault_signals[0])

/* Where each stands there, by its bit. */
static const unsigned char place_among_faults[32] = {[SIGSEGV - 1] = 0, [SIGBUS - 1] = 1,  [SIGILL - 1] = 2,
                                                     [SIGFPE - 1] = 3,  [SIGTRAP - 1] = 4, [SIGSYS - 1] = 5};

unsigned char qmon__proxy_first = 49;

/* Where else they can be. Programs count up from SIGRTMIN, rarely down from SIGRTMAX: fifteen are free for the one, ten for the other. */
static const unsigned char places[] = {49, 41, 57, 35};

static _Atomic bool has_differed QMON__HOT; /* some mask of the program's own */
static _Atomic bool are_in_use QMON__HOT;   /* proxies, at least while a handler runs */
static _Atomic qmon__sigset all_used;

/* Both neighbours of the proxies: a set that holds them and the proxies was made by sigfillset. */
#define NEIGHBOURS (QMON__SIGNAL_BIT(qmon__proxy_first - 1) | QMON__SIGNAL_BIT(qmon__proxy_first + FAULT_SIGNAL_COUNT))

/* What the thread's memory of its mask is known by. */
#define MARKS (QMON__PROXIES | NEIGHBOURS)

static qmon__sigset proxies_of(qmon__sigset faults) {
    qmon__sigset proxies = 0;
    for (qmon__sigset left = faults & QMON__FAULT_SIGNALS; left != 0; left &= left - 1)
        proxies |= QMON__SIGNAL_BIT(qmon__proxy_first + place_among_faults[__builtin_ctzll(left)]);
    return proxies;
}

static qmon__sigset faults_of(qmon__sigset proxies) {
    qmon__sigset faults = 0;
    if ((proxies & QMON__PROXIES) == 0)
        return 0;
    for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++)
        if (proxies & QMON__SIGNAL_BIT(qmon__proxy_first + i))
            faults |= QMON__SIGNAL_BIT(fault_signals[i]);
    return faults;
}

qmon__sigset qmon__proxy_of(int signal) {
    return proxies_of(QMON__SIGNAL_BIT(signal));
}

static bool has_neighbours(qmon__sigset set) {
    return (set & NEIGHBOURS) == NEIGHBOURS;
}

bool qmon__proxies_avoid(qmon__sigset used) {
    if ((used & QMON__PROXIES) == 0 || qmon__mask_has_differed() || has_neighbours(used))
        return false;
    const qmon__sigset all = atomic_fetch_or_explicit(&all_used, used, memory_order_relaxed) | used;
    for (unsigned i = 0; i < sizeof places; i++)
        if ((all & (0x3full << (places[i] - 1))) == 0) {
            qmon__proxy_first = places[i];
            return qmon__proxies_are_in_use();
        }
    return false;
}

bool qmon__mask_differs(qmon__sigset believed) {
    if (qmon__mask_encode(believed) == believed)
        return false;
    if (!qmon__mask_has_differed())
        atomic_store_explicit(&has_differed, true, memory_order_relaxed);
    qmon__proxies_use();
    return true;
}

void qmon__proxies_use(void) {
    if (!qmon__proxies_are_in_use())
        atomic_store_explicit(&are_in_use, true, memory_order_relaxed);
}

bool qmon__proxies_are_in_use(void) {
    return atomic_load_explicit(&are_in_use, memory_order_relaxed);
}

bool qmon__mask_has_differed(void) {
    return atomic_load_explicit(&has_differed, memory_order_relaxed);
}

qmon__sigset qmon__mask_encode(qmon__sigset believed) {
    const qmon__sigset standing = proxies_of(believed & QMON__FAULT_SIGNALS);
    qmon__sigset own = believed & QMON__PROXIES;
    if (own == QMON__PROXIES && has_neighbours(believed))
        own = 0;
    return (believed & ~(QMON__FAULT_SIGNALS | QMON__PROXIES)) | own | standing;
}

qmon__sigset qmon__mask_decode_by(const struct qmon__belief *belief, qmon__sigset kernel) {
    if (!qmon__proxies_are_in_use())
        return kernel;
    const qmon__sigset others =
        kernel & ~QMON__PROXIES; /* a fault signal among them is really blocked, for one waits */
    if ((kernel & MARKS) == belief->marks)
        return others | belief->blocked;
    return others | faults_of(kernel) | (has_neighbours(kernel) ? QMON__PROXIES : 0);
}

qmon__sigset qmon__mask_decode(qmon__sigset kernel) {
    return qmon__mask_decode_by(&qmon__thread.belief, kernel);
}

void qmon__mask_remember(qmon__sigset believed, qmon__sigset kernel) {
    if (!qmon__proxies_are_in_use())
        return;
    qmon__thread.belief.marks = kernel & MARKS;
    qmon__thread.belief.blocked = believed & (QMON__FAULT_SIGNALS | QMON__PROXIES);
}
