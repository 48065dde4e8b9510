/* Threads are cancelled and leave by pthread_exit; their clean-up handlers run; nothing goes wrong. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int cleaned;

static void clean_up(void *unused) {
    __sync_fetch_and_add(&cleaned, 1);
}

static void *work(void *leaves) {
    pthread_cleanup_push(clean_up, NULL);
    if (leaves)
        pthread_exit((void *) 5);
    for (;;)
        pause();
    pthread_cleanup_pop(1);
    return NULL;
}

int main(void) {
    pthread_t thread;
    void *result;
    for (long i = 0; i < 20; i++) {
        pthread_create(&thread, NULL, work, (void *) (i % 2));
        if (i % 2 == 0)
            pthread_cancel(thread);
        pthread_join(thread, &result);
        printf("%d", result == PTHREAD_CANCELED ? 1 : (int) (long) result);
    }
    printf(" %d cleaned\n", cleaned);
    return 0;
}
