/* Started with signals blocked and some of them pending: all of that is inherited by a new image. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print(const char *what, const sigset_t *set) {
    printf("%s:", what);
    for (int number = 1; number <= 64; number++)
        if (sigismember(set, number))
            printf(" %d", number);
    printf("\n");
}

int main(int argc, char **argv) {
    static const int numbers[] = {SIGHUP, SIGTERM, SIGSEGV, SIGBUS, SIGABRT, SIGUSR1, SIGTRAP, 40};
    sigset_t set, pending;
    sigemptyset(&set);
    for (int i = 0; i < 8; i++)
        sigaddset(&set, numbers[i]);
    if (argc == 1) {
        sigprocmask(SIG_SETMASK, &set, NULL);
        raise(SIGSEGV);
        raise(SIGTERM);
        raise(SIGUSR1);
        execl("/proc/self/exe", argv[0], "again", NULL);
        return 1;
    }
    sigprocmask(SIG_BLOCK, NULL, &set);
    print("blocked", &set);
    sigpending(&pending);
    print("pending", &pending);
    return 0;
}
