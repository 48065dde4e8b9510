/* The destructor of a thread's own data crashes, when the thread is nearly gone. */
#include <pthread.h>

static pthread_key_t key;

void destroy(void *value) {
    *(volatile int *) 4 = 1;
}

static void *work(void *unused) {
    pthread_setspecific(key, (void *) 1);
    return NULL;
}

int main(void) {
    pthread_t thread;
    pthread_key_create(&key, destroy);
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    return 0;
}
