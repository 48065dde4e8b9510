/* A thread that is not the first one execs, while others run. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static const char *self;

static void *busy(void *unused) {
    for (;;)
        getppid();
    return NULL;
}

static void *leave(void *unused) {
    usleep(2000);
    execl("/proc/self/exe", self, "again", NULL);
    return NULL;
}

void fault_at_last(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    pthread_t thread;
    self = argv[0];
    if (argc > 1)
        fault_at_last();
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, busy, NULL);
    pthread_create(&thread, NULL, leave, NULL);
    pthread_join(thread, NULL);
    return 1;
}
