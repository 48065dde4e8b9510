/*
 * Threads end the process at the same time, or while another one crashes: the first of them decides how it ends.
 * exits_together exit|quick_exit|_exit|exec|return [crash]: one thread crashes or exits with 3, and 4 ms later others end it with 4, or exec.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 3

static const char *how;
static atomic_int begun;

static void wait_for_the_first(void) {
    while (!begun)
        sched_yield();
    usleep(4000);
}

void fault_first(void) {
    *(volatile int *) 4 = 1;
}

static void end_with(int status) {
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(status);
    if (strcmp(how, "_exit") == 0)
        _exit(status);
    if (strcmp(how, "exec") == 0)
        execl("/bin/sh", "sh", "-c", "exit 4", NULL);
    exit(status);
}

static void *come_later(void *unused) {
    wait_for_the_first();
    end_with(4);
    return unused;
}

static void *begin(void *what) {
    begun = 1;
    if (what != NULL)
        fault_first();
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(3);
    exit(3);
}

int main(int argc, char **argv) {
    pthread_t thread;
    how = argv[1];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread, NULL, come_later, NULL);
    pthread_create(&thread, NULL, begin, argc > 2 ? argv[2] : NULL);
    wait_for_the_first();
    if (strcmp(how, "return") == 0)
        return 4;
    for (;;)
        pause();
}
