/* The real-time signals from SIGRTMIN on, as many as the argument says, are handled in a thread that lets these through and no others. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int count;
static sem_t handled;
static volatile sig_atomic_t last;

static void handle(int number) {
    last = number;
    sem_post(&handled);
}

static void *let_through(void *unused) {
    sigset_t set;
    (void) unused;
    sigemptyset(&set);
    for (int i = 0; i < count; i++)
        sigaddset(&set, SIGRTMIN + i);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    sem_post(&handled);
    for (;;)
        pause();
    return NULL;
}

static void await(void) {
    while (sem_wait(&handled) != 0) {
    }
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = handle};
    pthread_t thread;
    sigset_t all;
    count = argc > 1 ? atoi(argv[1]) : 1;
    sem_init(&handled, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < count; i++)
        sigaction(SIGRTMIN + i, &action, NULL);
    pthread_create(&thread, NULL, let_through, NULL);
    await();
    for (int i = 0; i < count; i++) {
        kill(getpid(), SIGRTMIN + i);
        await();
        printf("SIGRTMIN+%d\n", last - SIGRTMIN);
    }
    return 0;
}
