/* A child of fork crashes, or the parent after it, or both, or neither; with a b by _Fork. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

void fault_in_parent(void) {
    *(volatile int *) 4 = 1;
}

pid_t _Fork(void);

int main(int argc, char **argv) {
    int status;
    pid_t child = strchr(argv[1], 'b') ? _Fork() : fork();
    if (child == 0) {
        if (strchr(argv[1], 'c'))
            fault_in_child();
        exit(argc > 2 ? atoi(argv[2]) : 0);
    }
    waitpid(child, &status, 0);
    printf("child %x\n", status);
    fflush(stdout);
    if (strchr(argv[1], 'p'))
        fault_in_parent();
    return 0;
}
