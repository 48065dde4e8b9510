/* Calls that wait with a mask of their own, and fault signals in it or not: what they return, which handlers run meanwhile, what
 * those see, what waits afterwards. And a handler that faults meanwhile. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

static int epoll;
static const char *kind;

static int wait_with(const sigset_t *mask, int limit_ms) {
    const struct timespec limit = {.tv_sec = limit_ms / 1000, .tv_nsec = limit_ms % 1000 * 1000000L};
    struct epoll_event event;
    errno = 0;
    if (strcmp(kind, "sigsuspend") == 0)
        return sigsuspend(mask);
    if (strcmp(kind, "ppoll") == 0)
        return ppoll(NULL, 0, &limit, mask);
    if (strcmp(kind, "pselect") == 0)
        return pselect(0, NULL, NULL, NULL, &limit, mask);
    if (strcmp(kind, "epoll_pwait2") == 0)
        return epoll_pwait2(epoll, &event, 1, &limit, mask);
    return epoll_pwait(epoll, &event, 1, limit_ms, mask);
}

static void print(const char *what, const sigset_t *set) {
    unsigned long word;
    memcpy(&word, set, sizeof word);
    printf("  %s %016lx\n", what, word);
}

static void show(void) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    print("blocked", &set);
    sigpending(&set);
    sigdelset(&set, SIGCHLD); /* comes when it comes */
    print("pending", &set);
}

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static volatile int faulting;

static void handler(int number, siginfo_t *info, void *context) {
    printf("  handler of %d\n", number);
    print("interrupted", &((ucontext_t *) context)->uc_sigmask);
    show();
    if (faulting)
        fault_here();
}

/* Sent by somebody else after a while: first and then second, 0 none. */
static pid_t send_later(int first, int second) {
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        usleep(30000);
        if (first != 0)
            kill(parent, first);
        usleep(30000);
        if (second != 0)
            kill(parent, second);
        _exit(0);
    }
    return child;
}

/* `blocked` before the call, all but `open` (or only `only`) in it. */
static void try(const char *what, int blocked, int open, int only, int first, int second) {
    sigset_t before, during, old;
    sigemptyset(&before);
    sigaddset(&before, SIGCHLD);
    if (blocked != 0)
        sigaddset(&before, blocked);
    if (only != 0) {
        sigemptyset(&during);
        sigaddset(&during, only);
    } else {
        sigfillset(&during);
        sigdelset(&during, open);
    }
    sigprocmask(SIG_SETMASK, &before, &old);
    printf("%s\n", what);
    pid_t child = send_later(first, second);
    int result = wait_with(&during, 2000);
    printf("  returns %d, %d\n", result, errno);
    show();
    waitpid(child, NULL, 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(int argc, char **argv) {
    static const int handled[] = {SIGSEGV, SIGBUS, SIGUSR1, SIGTERM, 49};
    kind = argv[1];
    epoll = epoll_create1(0);
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 0; i < 5; i++) {
        struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
        sigaction(handled[i], &action, NULL);
    }
    if (argc > 2) {
        faulting = 1;
        signal(SIGSEGV, SIG_DFL);
        try("faults in a handler meanwhile", 0, SIGUSR1, 0, SIGUSR1, 0);
    }
    try("lets SEGV through", SIGSEGV, SIGSEGV, 0, SIGSEGV, 0);
    try("lets USR1 through, SEGV stays blocked", SIGSEGV, SIGUSR1, 0, SIGSEGV, SIGUSR1);
    try("lets USR1 through, SEGV blocked in it only", 0, SIGUSR1, 0, SIGSEGV, SIGUSR1);
    try("blocks BUS only", SIGSEGV, 0, SIGBUS, SIGBUS, SIGSEGV);
    try("blocks TERM only", 0, 0, SIGTERM, SIGSEGV, 0);
    try("blocks 49 only", 0, 0, 49, 49, SIGSEGV);
    try("blocks 49 only, with SEGV blocked before", SIGSEGV, 0, 49, 49, SIGSEGV);
    try("lets 49 through", 49, 49, 0, 49, 0);
    return 0;
}
