/* sigsuspend, pselect and ppoll with a mask of their own, while fault signals are blocked and waiting. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <unistd.h>

static void handler(int number) {
    printf("handler of %d\n", number);
}

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGTRAP, SIGABRT, SIGUSR1};
    sigset_t set, old, now;
    for (int i = 0; i < 4; i++) {
        sigemptyset(&set);
        sigaddset(&set, numbers[i]);
        signal(numbers[i], handler);
        sigprocmask(SIG_BLOCK, &set, &old);
        raise(numbers[i]);
        printf("blocked %d\n", numbers[i]);
        printf("sigsuspend %d %d\n", sigsuspend(&old), errno);
        sigprocmask(SIG_BLOCK, NULL, &now);
        printf("still blocked %d\n", sigismember(&now, numbers[i]));
        raise(numbers[i]);
        printf("pselect %d %d\n", pselect(0, NULL, NULL, NULL, NULL, &old), errno);
        raise(numbers[i]);
        printf("ppoll %d %d\n", ppoll(NULL, 0, NULL, &old), errno);
        sigprocmask(SIG_SETMASK, &old, NULL);
    }
    return 0;
}
