/* One of several threads crashes; it has a name. */
#include <pthread.h>
#include <unistd.h>

static void *idle(void *unused) {
    for (;;)
        pause();
    return NULL;
}

void fault_in_thread(void) {
    *(volatile int *) 4 = 1;
}

static void *work(void *unused) {
    pthread_setname_np(pthread_self(), "the-worker");
    usleep(2000);
    fault_in_thread();
    return NULL;
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 5; i++)
        pthread_create(&thread, NULL, idle, NULL);
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    return 0;
}
