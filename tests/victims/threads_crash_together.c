/* Threads that crash all at the same moment: as many as are asked for. */
#include <pthread.h>
#include <stdlib.h>

static pthread_barrier_t barrier;

void fault_together(void) {
    *(volatile int *) 4 = 1;
}

static void *work(void *unused) {
    pthread_barrier_wait(&barrier);
    fault_together();
    return NULL;
}

int main(int argc, char **argv) {
    int count = atoi(argv[1]);
    pthread_t *threads = calloc((size_t) count, sizeof *threads);
    pthread_barrier_init(&barrier, NULL, (unsigned) count);
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    pthread_join(threads[0], NULL);
    return 0;
}
