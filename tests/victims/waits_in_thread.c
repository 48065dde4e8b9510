/* A service whose signals, SIGSEGV among them, are blocked in every thread and taken by one of them with sigwait. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static sigset_t all;
static sem_t taken;

static void *taker(void *unused) {
    for (int i = 0; i < 4; i++) {
        int number = 0;
        sigwait(&all, &number);
        printf("took %d\n", number);
        sem_post(&taken);
        if (number == SIGTERM)
            break;
    }
    return NULL;
}

int main(void) {
    pthread_t thread;
    sem_init(&taken, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_create(&thread, NULL, taker, NULL);
    usleep(10000);
    kill(getpid(), SIGSEGV);
    sem_wait(&taken);
    kill(getpid(), SIGUSR1);
    sem_wait(&taken);
    pthread_kill(thread, SIGFPE);
    sem_wait(&taken);
    kill(getpid(), SIGTERM);
    pthread_join(thread, NULL);
    return 0;
}
