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

static void exit_by_bare_call(int status) {
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(status) : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = SYS_exit_group, x0 __asm__("x0") = status;
    __asm__ volatile("svc 0" : : "r"(x8), "r"(x0) : "memory");
#endif
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
        exit_by_bare_call(status);
    if (strcmp(argv[1], "syscall of exit_group") == 0)
        syscall(SYS_exit_group, status);
    if (strcmp(argv[1], "syscall of exit") == 0)
        syscall(SYS_exit, status);
    return status;
}
