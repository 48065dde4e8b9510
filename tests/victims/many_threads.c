/* A thousand threads, one after another and fifty at a time; nothing goes wrong. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static void *work(void *argument) {
    stack_t now;
    sigaltstack(NULL, &now);
    return now.ss_flags == SS_DISABLE ? argument : NULL;
}

int main(void) {
    pthread_t threads[50];
    void *result;
    long good = 0;
    for (int round = 0; round < 20; round++) {
        for (long i = 0; i < 50; i++)
            pthread_create(&threads[i], NULL, work, (void *) (i + 1));
        for (long i = 0; i < 50; i++) {
            pthread_join(threads[i], &result);
            good += result == (void *) (i + 1);
        }
    }
    printf("%ld\n", good);
    return 0;
}
