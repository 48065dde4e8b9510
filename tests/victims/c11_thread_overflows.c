/* A thread made by C11's thrd_create, which libc makes without asking pthread_create, overflows its stack. */
#include <threads.h>

int descend(int depth) {
    volatile char room[400];
    room[0] = (char) depth;
    return descend(depth + 1) + room[0];
}

static int work(void *unused) {
    return descend(0);
}

int main(void) {
    thrd_t thread;
    thrd_create(&thread, work, NULL);
    thrd_join(thread, NULL);
    return 0;
}
