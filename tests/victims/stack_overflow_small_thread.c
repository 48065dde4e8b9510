/* A thread with the smallest stack there may be uses it up in a library function. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

void fill(size_t bytes) {
    char room[bytes];
    memset(room, 1, bytes);
}

void *work(void *unused) {
    fill(200000);
    return NULL;
}

int main(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    pthread_create(&thread, &attributes, work, NULL);
    pthread_join(thread, NULL);
    return 0;
}
