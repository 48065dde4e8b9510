/* pthread_atfork handlers run once each, in their order; one of the child's crashes. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char order[64];
static int crash;

static void before(void) {
    strcat(order, "before ");
}
static void before_registered_later(void) {
    strcat(order, "later ");
}
static void parent(void) {
    strcat(order, "parent ");
}
void child_handler(void) {
    strcat(order, "child ");
    if (crash)
        *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    int status;
    crash = argc > 1;
    pthread_atfork(before, parent, child_handler);
    pthread_atfork(before_registered_later, NULL, NULL);
    pid_t child = fork();
    if (child == 0) {
        dprintf(1, "%s\n", order);
        _exit(0);
    }
    waitpid(child, &status, 0);
    dprintf(1, "%s %x\n", order, status);
    return 0;
}
