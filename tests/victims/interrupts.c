/* SA_RESTART or not: which system calls go on after a handler, and which come back with EINTR. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int number) {
}

/* A child sends the signal and then a byte: a read that restarts gets the byte. */
static void try(int number, int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    int ends[2];
    char byte;
    pid_t self = getpid();
    sigaction(number, &action, NULL);
    pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        usleep(5000);
        kill(self, number);
        usleep(5000);
        write(ends[1], "x", 1);
        _exit(0);
    }
    errno = 0;
    long count = read(ends[0], &byte, 1);
    printf("%d %x: read %ld errno %d\n", number, flags, count, errno);
    while (waitpid(child, NULL, 0) != child) {
    }
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGABRT, SIGTERM, SIGUSR1};
    for (int i = 0; i < 4; i++) {
        try(numbers[i], 0);
        try(numbers[i], SA_RESTART);
        try(numbers[i], SA_RESETHAND);
        try(numbers[i], SA_RESETHAND | SA_RESTART);
    }
    return 0;
}
