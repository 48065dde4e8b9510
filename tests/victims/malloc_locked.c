/* One arena, and threads that are in malloc all the time while another one crashes. */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *allocate(void *unused) {
    for (;;) {
        void *blocks[50];
        for (int i = 0; i < 50; i++)
            blocks[i] = malloc(3000 + 100 * i);
        for (int i = 0; i < 50; i++)
            free(blocks[i]);
    }
    return NULL;
}

void fault_meanwhile(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    pthread_t thread;
    mallopt(M_ARENA_MAX, 1);
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, allocate, NULL);
    usleep(3000);
    fault_meanwhile();
    return 0;
}
