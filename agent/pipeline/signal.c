/* signal.c: signals and their codes in words, from tables. The numbers are those of Linux on x86-64 and aarch64. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <qmon/pipeline.h>

#define RT_FIRST 34 /* glibc keeps 32 and 33 to itself */
#define RT_LAST 64
#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *const names[RT_LAST + 1] = {
    [SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
    [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",     [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
    [SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT",
    [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",     [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
    [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",   [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
    [SIGIO] = "SIGIO",     [SIGPWR] = "SIGPWR",       [SIGSYS] = "SIGSYS",   [32] = "SIG32",
    [33] = "SIG33",        [34] = "SIGRTMIN",         [35] = "SIGRTMIN+1",   [36] = "SIGRTMIN+2",
    [37] = "SIGRTMIN+3",   [38] = "SIGRTMIN+4",       [39] = "SIGRTMIN+5",   [40] = "SIGRTMIN+6",
    [41] = "SIGRTMIN+7",   [42] = "SIGRTMIN+8",       [43] = "SIGRTMIN+9",   [44] = "SIGRTMIN+10",
    [45] = "SIGRTMIN+11",  [46] = "SIGRTMIN+12",      [47] = "SIGRTMIN+13",  [48] = "SIGRTMIN+14",
    [49] = "SIGRTMIN+15",  [50] = "SIGRTMIN+16",      [51] = "SIGRTMIN+17",  [52] = "SIGRTMIN+18",
    [53] = "SIGRTMIN+19",  [54] = "SIGRTMIN+20",      [55] = "SIGRTMIN+21",  [56] = "SIGRTMIN+22",
    [57] = "SIGRTMIN+23",  [58] = "SIGRTMIN+24",      [59] = "SIGRTMIN+25",  [60] = "SIGRTMIN+26",
    [61] = "SIGRTMIN+27",  [62] = "SIGRTMIN+28",      [63] = "SIGRTMIN+29",  [64] = "SIGRTMAX",
};

static const struct {
    const char *name;
    int number;
} aliases[] = {{"IOT", SIGABRT}, {"POLL", SIGIO}, {"CLD", SIGCHLD}, {"STKFLT", SIGSTKFLT}};

static const struct {
    int number; /* 0: any signal */
    int code;
    const char *name, *text;
} codes[] = {
    {SIGSEGV, 1, "SEGV_MAPERR", "address not mapped"},
    {SIGSEGV, 2, "SEGV_ACCERR", "access not permitted by the mapping"},
    {SIGSEGV, 3, "SEGV_BNDERR", "address bounds check failed"},
    {SIGSEGV, 4, "SEGV_PKUERR", "access denied by a memory protection key"},
    {SIGSEGV, 5, "SEGV_ACCADI", "adjacent memory not permitted"},
    {SIGSEGV, 8, "SEGV_MTEAERR", "memory tag mismatch, found later"},
    {SIGSEGV, 9, "SEGV_MTESERR", "memory tag mismatch"},
    {SIGSEGV, 10, "SEGV_CPERR", "control protection (shadow stack) violation"},
    {SIGBUS, 1, "BUS_ADRALN", "misaligned address"},
    {SIGBUS, 2, "BUS_ADRERR", "no memory or file behind the mapped address"},
    {SIGBUS, 3, "BUS_OBJERR", "hardware error of the object mapped there"},
    {SIGBUS, 4, "BUS_MCEERR_AR", "hardware memory error consumed"},
    {SIGBUS, 5, "BUS_MCEERR_AO", "hardware memory error found, not consumed"},
    {SIGILL, 1, "ILL_ILLOPC", "illegal opcode"},
    {SIGILL, 2, "ILL_ILLOPN", "illegal operand"},
    {SIGILL, 3, "ILL_ILLADR", "illegal addressing mode"},
    {SIGILL, 4, "ILL_ILLTRP", "illegal trap"},
    {SIGILL, 5, "ILL_PRVOPC", "privileged opcode"},
    {SIGILL, 6, "ILL_PRVREG", "privileged register"},
    {SIGILL, 7, "ILL_COPROC", "coprocessor error"},
    {SIGILL, 8, "ILL_BADSTK", "internal stack error"},
    {SIGFPE, 1, "FPE_INTDIV", "integer division by zero"},
    {SIGFPE, 2, "FPE_INTOVF", "integer overflow"},
    {SIGFPE, 3, "FPE_FLTDIV", "floating-point division by zero"},
    {SIGFPE, 4, "FPE_FLTOVF", "floating-point overflow"},
    {SIGFPE, 5, "FPE_FLTUND", "floating-point underflow"},
    {SIGFPE, 6, "FPE_FLTRES", "floating-point inexact result"},
    {SIGFPE, 7, "FPE_FLTINV", "floating-point invalid operation"},
    {SIGFPE, 8, "FPE_FLTSUB", "subscript out of range"},
    {SIGFPE, 14, "FPE_FLTUNK", "floating-point exception of an unknown kind"},
    {SIGFPE, 15, "FPE_CONDTRAP", "trap on condition"},
    {SIGTRAP, 1, "TRAP_BRKPT", "breakpoint"},
    {SIGTRAP, 2, "TRAP_TRACE", "trace trap"},
    {SIGTRAP, 3, "TRAP_BRANCH", "taken branch trap"},
    {SIGTRAP, 4, "TRAP_HWBKPT", "hardware breakpoint or watchpoint"},
    {SIGTRAP, 5, "TRAP_UNK", "trap of an unknown kind"},
    {SIGTRAP, 6, "TRAP_PERF", "perf event"},
    {SIGSYS, 1, "SYS_SECCOMP", "system call refused by a seccomp filter"},
    {SIGSYS, 2, "SYS_USER_DISPATCH", "system call caught by user dispatch"},
    {0, 0, "SI_USER", "sent by a process with kill"},
    {0, 128, "SI_KERNEL", "sent by the kernel"},
    {0, -1, "SI_QUEUE", "sent by a process with sigqueue"},
    {0, -2, "SI_TIMER", "a timer expired"},
    {0, -3, "SI_MESGQ", "a message arrived in an empty queue"},
    {0, -4, "SI_ASYNCIO", "asynchronous I/O completed"},
    {0, -5, "SI_SIGIO", "I/O became possible"},
    {0, -6, "SI_TKILL", "sent by a process to one of its threads with tgkill"},
    {0, -7, "SI_DETHREAD", "sent by exec to the other threads"},
    {0, -60, "SI_ASYNCNL", "an asynchronous name lookup completed"},
};

const char *qmon_signal_name(int number) {
    return number > 0 && number <= RT_LAST ? names[number] : NULL;
}

/* "RTMIN", "RTMAX", with an offset inside their range. */
static int realtime_number(const char *name) {
    int base = !strncasecmp(name, "RTMIN", 5) ? RT_FIRST : !strncasecmp(name, "RTMAX", 5) ? RT_LAST : 0;
    if (!base || !name[5])
        return base;
    char *end;
    if ((name[5] != '+' && name[5] != '-') || name[6] < '0' || name[6] > '9')
        return 0;
    long offset = strtol(name + 5, &end, 10);
    if (*end || offset < RT_FIRST - RT_LAST || offset > RT_LAST - RT_FIRST)
        return 0;
    int number = base + (int) offset;
    return number >= RT_FIRST && number <= RT_LAST ? number : 0;
}

int qmon_signal_number(const char *name) {
    if (!name || !*name)
        return 0;
    if (*name >= '0' && *name <= '9') {
        char *end;
        long number = strtol(name, &end, 10);
        return !*end && number > 0 && number <= RT_LAST ? (int) number : 0;
    }
    if (!strncasecmp(name, "SIG", 3))
        name += 3;
    for (int number = 1; number < RT_FIRST; number++)
        if (!strcasecmp(names[number] + 3, name))
            return number;
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (!strcasecmp(aliases[i].name, name))
            return aliases[i].number;
    return realtime_number(name);
}

static size_t find_code(int number, int code) {
    for (size_t i = 0; i < COUNT(codes); i++)
        if ((!codes[i].number || codes[i].number == number) && codes[i].code == code)
            return i;
    return COUNT(codes);
}

const char *qmon_signal_code_name(int number, int code) {
    size_t at = find_code(number, code);
    return at < COUNT(codes) ? codes[at].name : NULL;
}

const char *qmon_signal_code_text(int number, int code) {
    size_t at = find_code(number, code);
    return at < COUNT(codes) ? codes[at].text : NULL;
}
