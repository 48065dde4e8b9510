/* A SIGSEGV handler that forks, as crash reporters do: the child prints and exits, the parent gives up. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(int number) {
    pid_t child = fork();
    if (child == 0) {
        write(1, "child\n", 6);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    signal(number, SIG_DFL);
}

void original_fault(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    signal(SIGSEGV, report);
    original_fault();
    return 0;
}
