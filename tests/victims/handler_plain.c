/* A handler without SA_SIGINFO; a handler that does not save errno. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

static volatile int got;

static void take(int number) {
    got = number;
    errno = 99;
}

int main(void) {
    for (int number = 1; number < 32; number++) {
        if (number == SIGKILL || number == SIGSTOP)
            continue;
        errno = 0;
        got = 0;
        signal(number, take);
        raise(number);
        printf("%d: got %d errno %d\n", number, got, errno);
    }
    return 0;
}
