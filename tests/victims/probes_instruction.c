/* A library tries whether an instruction exists, and finds that it does not. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static sigjmp_buf back;

static void missing(int number) {
    siglongjmp(back, 1);
}

int main(void) {
    struct sigaction action = {.sa_handler = missing}, before;
    sigaction(SIGILL, &action, &before);
    printf("%s\n", sigsetjmp(back, 1) == 0 ? (({ __asm__ volatile("ud2"); }), "there") : "not there");
    sigaction(SIGILL, &before, NULL);
    sigaction(SIGILL, NULL, &action);
    printf("%d\n", action.sa_handler == SIG_DFL);
    return 0;
}
