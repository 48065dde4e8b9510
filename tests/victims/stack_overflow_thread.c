/* Recursion without end in a thread. */
#include <pthread.h>

int descend(int depth) {
    volatile char room[400];
    room[0] = (char) depth;
    return descend(depth + 1) + room[0];
}

void *work(void *unused) {
    return (void *) (long) descend(0);
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    return 0;
}
