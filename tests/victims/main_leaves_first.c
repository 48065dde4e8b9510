/* The main thread has left by pthread_exit; another thread crashes. */
#include <pthread.h>
#include <unistd.h>

void fault_in_thread(void) {
    *(volatile int *) 4 = 1;
}

static void *work(void *unused) {
    usleep(20000);
    fault_in_thread();
    return NULL;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    pthread_exit(NULL);
}
