#include "run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "when.h"

/* Signals that are ours, or for which the default is right while we wait. */
static bool passes_by(int number) {
    switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
    case SIGSYS:
    case SIGABRT:
    case SIGPIPE:
    case SIGXCPU:
        return true;
    default:
        return false;
    }
}

/* What we take while we wait: SIGCHLD, and what is passed on. What we were started to ignore the child ignores too. */
static void signals_to_take(sigset_t *set) {
    sigemptyset(set);
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction action;

        if (passes_by(number) || sigaction(number, NULL, &action) < 0)
            continue;
        if (number == SIGCHLD || action.sa_handler != SIG_IGN)
            sigaddset(set, number);
    }
}

/* What the child gets back before it becomes the program. */
struct inherited {
    sigset_t mask;
    struct sigaction chld;
};

_Noreturn static void become(char **argv, char *const *settings, const struct inherited *inherited, pid_t parent,
                             int report) {
    int error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        raise(SIGKILL);
    for (; *settings; settings++)
        if (putenv(*settings) != 0)
            goto failed;
    sigaction(SIGCHLD, &inherited->chld, NULL);
    sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
    execvp(argv[0], argv);
failed:
    error = errno;
    while (write(report, &error, sizeof error) < 0 && errno == EINTR)
        continue;
    _exit(127);
}

static void pass_on(pid_t child, const siginfo_t *info) {
    if (info->si_code == SI_KERNEL)
        return;
    if (info->si_code == SI_QUEUE)
        sigqueue(child, info->si_signo, info->si_value);
    else
        kill(child, info->si_signo);
}

/* As waitpid would give it. */
static int wait_status_of(const siginfo_t *info) {
    if (info->si_code == CLD_EXITED)
        return (info->si_status & 0xff) << 8;
    return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

/* Whether the child has ended. It is not reaped; others are. */
static bool has_ended(pid_t child, int *ret_status) {
    for (;;) {
        siginfo_t info = {0};

        if (waitid(P_PID, (id_t) child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child) {
            *ret_status = wait_status_of(&info);
            return true;
        }
        /* Whichever is shown here is not the child, unless that ended a moment ago. */
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            return false;
        if (info.si_pid != child)
            waitpid(info.si_pid, NULL, WNOHANG);
    }
}

static int wait_for(pid_t child, const sigset_t *taken) {
    int status = 0;

    while (!has_ended(child, &status)) {
        siginfo_t info;

        if (sigwaitinfo(taken, &info) > 0 && info.si_signo != SIGCHLD)
            pass_on(child, &info);
    }
    return status;
}

/* The errno with which the child could not become the program; 0 when it did. */
static int exec_error(int report) {
    int error = 0;
    ssize_t n;

    do
        n = read(report, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t) sizeof error ? error : 0;
}

static int start(char **argv, char *const *settings, const struct inherited *inherited, pid_t *ret_pid) {
    pid_t parent = getpid(), pid;
    int report[2], error;

    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    pid = fork();
    if (pid == 0)
        become(argv, settings, inherited, parent, report[1]);
    error = errno;
    close(report[1]);
    if (pid > 0)
        error = exec_error(report[0]);
    close(report[0]);
    if (pid > 0 && error)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    *ret_pid = pid;
    return -error;
}

/* The status that a signal during the report ends us with. */
static int status_to_end_as;

static void end_at_once(int number) {
    (void) number;
    qmon__cli_end_as(status_to_end_as);
}

/* The child is dead. What was meant for it goes with it; from now on a signal ends the report, with the child's status. */
static void take_back(const sigset_t *taken, const struct inherited *inherited, int wait_status) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = end_at_once};
    const struct timespec now = {0};

    status_to_end_as = wait_status;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigismember(taken, ends[i]))
            sigaction(ends[i], &action, NULL);
    while (sigtimedwait(taken, NULL, &now) > 0)
        continue;
    signal(SIGTTOU, SIG_IGN); /* a child that took the terminal and died cannot have given it back */
    sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
}

int qmon__cli_run_child(char **argv, char *const *settings, struct qmon__cli_child *ret_child) {
    struct qmon__cli_child child = {.start_ms = qmon_real_ms()};
    struct sigaction chld = {.sa_handler = SIG_DFL};
    uint64_t start_ms = qmon_monotonic_ms();
    struct inherited inherited;
    sigset_t taken;
    int r;

    signals_to_take(&taken);
    sigprocmask(SIG_BLOCK, &taken, &inherited.mask);
    sigaction(SIGCHLD, &chld, &inherited.chld); /* ignored, it would let the child go unseen */
    r = start(argv, settings, &inherited, &child.pid);
    if (r < 0) {
        sigprocmask(SIG_SETMASK, &inherited.mask, NULL);
        return r;
    }
    child.wait_status = wait_for(child.pid, &taken);
    child.ran_ms = qmon_monotonic_ms() - start_ms;
    child.end_ms = qmon_real_ms();
    take_back(&taken, &inherited, child.wait_status);
    *ret_child = child;
    return 0;
}

void qmon__cli_reap(const struct qmon__cli_child *child) {
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

_Noreturn void qmon__cli_end_as(int wait_status) {
    struct rlimit none = {0, 0};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    if (!WIFSIGNALED(wait_status))
        _exit(WEXITSTATUS(wait_status));
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0); /* a core that is piped to a program does not ask for the limit */
    sigaction(WTERMSIG(wait_status), &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, WTERMSIG(wait_status));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), WTERMSIG(wait_status));
    _exit(128 + WTERMSIG(wait_status)); /* as process 1 of its namespace nothing kills it */
}
