/* Fault signals that are blocked and sent: sigpending shows them, sigwait, sigwaitinfo, sigtimedwait and signalfd take them, a
 * second one of the same is not queued. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static void pending(void) {
    sigset_t set;
    sigpending(&set);
    printf("pending:");
    for (int number = 1; number <= 64; number++)
        if (sigismember(&set, number))
            printf(" %d", number);
    printf("\n");
}

static void handler(int number) {
    printf("handler of %d\n", number);
}

static void try(int number) {
    struct timespec none = {0};
    struct signalfd_siginfo read_info;
    siginfo_t info;
    sigset_t one, old;
    int got = 0;
    sigemptyset(&one);
    sigaddset(&one, number);
    printf("signal %d\n", number);
    sigprocmask(SIG_BLOCK, &one, &old);
    kill(getpid(), number);
    kill(getpid(), number);
    pending();
    printf("sigwait %d", sigwait(&one, &got));
    printf(" got %d\n", got);
    pending();
    sigqueue(getpid(), number, (union sigval){.sival_int = 99});
    printf("sigwaitinfo %d", sigwaitinfo(&one, &info));
    printf(" code %d value %d self %d\n", info.si_code, info.si_value.sival_int, info.si_pid == getpid());
    printf("sigtimedwait %d", sigtimedwait(&one, &info, &none));
    printf(" errno %d\n", errno);
    raise(number);
    printf("sigtimedwait %d", sigtimedwait(&one, &info, &none));
    printf(" code %d\n", info.si_code);
    int fd = signalfd(-1, &one, SFD_NONBLOCK);
    printf("signalfd %zd\n", read(fd, &read_info, sizeof read_info));
    kill(getpid(), number);
    pending();
    printf("signalfd %zd", read(fd, &read_info, sizeof read_info));
    printf(" number %u code %d\n", read_info.ssi_signo, read_info.ssi_code);
    close(fd);
    pending();
    signal(number, SIG_IGN);
    kill(getpid(), number);
    pending();
    signal(number, handler);
    kill(getpid(), number);
    pending();
    printf("unblocking\n");
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    printf("unblocked\n");
    pending();
    signal(number, SIG_DFL);
}

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT, SIGTERM, SIGUSR1, 40};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        try(numbers[i]);
    return 0;
}
