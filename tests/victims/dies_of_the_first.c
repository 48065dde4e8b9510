/* While it dies of a fault or of a signal that was sent ("fault", "sent"), another thread sends it a signal of the number that it is
 * told: once it is seen to be dying, for which it has no time where nobody reports. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_t first;
static int number;
static atomic_bool is_ready; /* out of pthread_create, which blocks signals, too */

static int is_masked(int process) {
    char path[64], text[4096] = "";
    unsigned long long mask = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", process);
    const int file = open(path, O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0)
        return 0;
    close(file);
    const char *line = strstr(text, "\nSigBlk:");
    return line != NULL && sscanf(line, "\nSigBlk: %llx", &mask) == 1 && mask != 0;
}

static void *watch(void *unused) {
    while (!atomic_load(&is_ready) || !is_masked(getpid()))
        ;
    for (int i = 0; i < 5; i++)
        pthread_kill(first, number);
    return NULL;
}

__attribute__((noinline)) static void die_here(const char *how) {
    if (strcmp(how, "fault") == 0)
        *(volatile int *) 4 = 1;
    pthread_kill(first, SIGBUS);
}

int main(int argc, char **argv) {
    pthread_t watcher;
    first = pthread_self();
    number = atoi(argv[2]);
    pthread_create(&watcher, NULL, watch, NULL);
    atomic_store(&is_ready, true);
    die_here(argv[1]);
    for (;;)
        pause();
}
