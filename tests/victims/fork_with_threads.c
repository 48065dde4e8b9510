/* fork() while other threads allocate, print and make threads; the child crashes at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;

static void *nothing(void *unused) {
    return NULL;
}

static void *busy(void *number) {
    FILE *sink = fopen("/dev/null", "w");
    pthread_t thread;
    while (!stop) {
        free(malloc((size_t) number * 1000 + 24));
        fprintf(sink, "%p\n", number);
        if (pthread_create(&thread, NULL, nothing, NULL) == 0)
            pthread_join(thread, NULL);
    }
    return NULL;
}

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    pthread_t threads[3];
    int status;
    for (long i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, busy, (void *) i);
    usleep(2000);
    pid_t child = fork();
    if (child == 0)
        fault_in_child();
    waitpid(child, &status, 0);
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("child %x\n", status);
    return 0;
}
