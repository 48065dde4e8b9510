/* SA_RESTART or not: which system calls go on after a handler, and which come back with EINTR. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int *handled; /* shared with the child */

static void handler(int number) {
    *handled = 1;
}

/* Until the parent sleeps. */
static void wait_for_sleep(pid_t process) {
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        fscanf(file, "%*d %*s %c", &state);
        fclose(file);
        usleep(500);
    }
}

/* A child sends the signal and then, when it has been handled, a byte: a read that restarts gets the byte. */
static void try(int number, int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    int ends[2];
    char byte;
    pid_t self = getpid();
    sigaction(number, &action, NULL);
    pipe(ends);
    *handled = 0;
    pid_t child = fork();
    if (child == 0) {
        wait_for_sleep(self);
        kill(self, number);
        while (!*handled)
            usleep(500);
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
    handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static const int numbers[] = {SIGSEGV, SIGABRT, SIGTERM, SIGUSR1};
    for (int i = 0; i < 4; i++) {
        try(numbers[i], 0);
        try(numbers[i], SA_RESTART);
        try(numbers[i], SA_RESETHAND);
        try(numbers[i], SA_RESETHAND | SA_RESTART);
    }
    return 0;
}
