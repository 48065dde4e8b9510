/* A service whose signals, SIGSEGV among them, are blocked in every thread and taken by one of them with sigwait. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static sigset_t all;

static void *taker(void *unused) {
    for (int i = 0; i < 4; i++) {
        int number = 0;
        sigwait(&all, &number);
        printf("took %d\n", number);
        if (number == SIGTERM)
            break;
    }
    return NULL;
}

int main(void) {
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_create(&thread, NULL, taker, NULL);
    usleep(10000);
    kill(getpid(), SIGSEGV);
    usleep(20000);
    kill(getpid(), SIGUSR1);
    usleep(20000);
    pthread_kill(thread, SIGFPE);
    usleep(20000);
    kill(getpid(), SIGTERM);
    pthread_join(thread, NULL);
    return 0;
}
