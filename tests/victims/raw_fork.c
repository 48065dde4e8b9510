/* A process made by the bare system call, which no library sees; it ends well, crashes, or kills itself. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    int status;
    pid_t child = (pid_t) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        if (argc > 1 && argv[1][0] == 'k')
            kill(getpid(), SIGKILL);
        if (argc > 1)
            fault_in_child();
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("child %x\n", status);
    return 0;
}
