/* A program that reports errors itself, as often as it is told, and then ends as it is told: by a status, a crash, SIGKILL. */
#include <errno.h>
#include <pthread.h>
#include <qmon/qmon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int declined(int number) {
    const char *extras[] = {"order", "4711", "token", "xoxb-secret-secret", NULL};
    char message[64];
    snprintf(message, sizeof message, "payment %d declined", number);
    return qmon_report("payment-declined", "POST /pay", "user-7", message, extras);
}

static void *work(void *count) {
    for (int i = 0; i < (int) (long) count; i++)
        declined(i);
    return NULL;
}

int main(int argc, char **argv) {
    int count = atoi(argv[1]), threads = argc > 3 ? atoi(argv[3]) : 0;
    pthread_t ids[16];
    qmon_breadcrumb("it began well");
    errno = 77;
    if (threads == 0)
        work((void *) (long) count);
    for (int i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, work, (void *) (long) count);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    printf("errno %d, reports %d\n", errno, count);
    fflush(stdout);
    if (strcmp(argv[2], "crash") == 0)
        fault_here();
    if (strcmp(argv[2], "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(argv[2], "_exit") == 0)
        _exit(0);
    return atoi(argv[2]);
}
