/* The same with a child that has nothing to do with the fault: it leaves the handler's stack behind and ends well. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;

static void leave(int number) {
    siglongjmp(back, 1);
}

int main(void) {
    int status;
    signal(SIGSEGV, leave);
    if (sigsetjmp(back, 1) == 0)
        *(volatile int *) 4 = 1;
    pid_t child = fork();
    if (child == 0)
        exit(0);
    waitpid(child, &status, 0);
    printf("child %x\n", status);
    return 0;
}
