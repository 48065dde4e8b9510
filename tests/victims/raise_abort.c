/* raise(SIGABRT) is no abort(): its handler may return and the program goes on. */
#include <signal.h>
#include <stdio.h>

static volatile int count;

static void handler(int number) {
    count++;
}

int main(void) {
    signal(SIGABRT, handler);
    raise(SIGABRT);
    raise(SIGABRT);
    printf("%d\n", count);
    signal(SIGABRT, SIG_IGN);
    raise(SIGABRT);
    printf("ignored\n");
    return 0;
}
