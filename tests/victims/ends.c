/* The ways to end without failing: each with a status. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void handler(void) {
    printf("handler\n");
    fflush(stdout);
}

static void *other(void *status) {
    usleep(20000);
    exit((int) (long) status);
}

int main(int argc, char **argv) {
    int status = atoi(argv[2]);
    pthread_t thread;
    atexit(handler);
    at_quick_exit(handler);
    printf("%s %d\n", argv[1], status);
    fflush(stdout);
    if (strcmp(argv[1], "exit") == 0)
        exit(status);
    if (strcmp(argv[1], "_exit") == 0)
        _exit(status);
    if (strcmp(argv[1], "_Exit") == 0)
        _Exit(status);
    if (strcmp(argv[1], "quick_exit") == 0)
        quick_exit(status);
    if (strcmp(argv[1], "pthread_exit") == 0)
        pthread_exit(NULL);
    if (strcmp(argv[1], "thread") == 0) {
        pthread_create(&thread, NULL, other, (void *) (long) status);
        pthread_exit(NULL);
    }
    if (strcmp(argv[1], "exit_group") == 0)
        syscall(SYS_exit_group, status);
    return status;
}
