/* One thread crashes while another ends the process: whichever comes first. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_barrier_t barrier;

void fault_in_thread(void) {
    *(volatile int *) 4 = 1;
}

static void *work(void *unused) {
    pthread_barrier_wait(&barrier);
    fault_in_thread();
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, work, NULL);
    pthread_barrier_wait(&barrier);
    if (strcmp(argv[1], "return") == 0)
        return 0;
    if (strcmp(argv[1], "_exit") == 0)
        _exit(0);
    abort();
}
