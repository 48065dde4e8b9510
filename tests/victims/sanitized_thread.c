/* victim: -fsanitize=thread */
/* A program built with ThreadSanitizer: a race, or none. */
#include <pthread.h>
#include <stdio.h>

static int shared;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int racing;

static void *work(void *unused) {
    if (!racing)
        pthread_mutex_lock(&mutex);
    shared++;
    if (!racing)
        pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t first, second;
    racing = argc > 1;
    pthread_create(&first, NULL, work, NULL);
    pthread_create(&second, NULL, work, NULL);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    printf("%d\n", shared > 0);
    return 0;
}
