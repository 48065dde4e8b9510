/* A thread is cancelled, and its clean-up handler crashes. */
#include <pthread.h>
#include <unistd.h>

void clean_up(void *unused) {
    *(volatile int *) 4 = 1;
}

static void *work(void *unused) {
    pthread_cleanup_push(clean_up, NULL);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    usleep(2000);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    return 0;
}
