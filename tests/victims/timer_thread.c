/* A timer that libc makes a thread for: its function prints the signals that are blocked in it, and ends well, crashes, or overflows. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static sem_t rung;
static const char *how;

void fault_in_timer(void) {
    *(volatile int *) 4 = 1;
}

__attribute__((noinline)) int overflow_in_timer(volatile char *above) {
    volatile char here[4096];
    here[0] = above[0];
    return overflow_in_timer(here) + here[0];
}

static void ring(union sigval value) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i <= 64; i++)
        printf("%d", sigismember(&mask, i));
    printf(" for %s, %s stack\n", (const char *) value.sival_ptr,
           sigaltstack(NULL, &(stack_t){0}) == 0 ? "with a" : "no");
    fflush(stdout);
    if (strcmp(how, "crash") == 0)
        fault_in_timer();
    if (strcmp(how, "overflow") == 0)
        overflow_in_timer("");
    sem_post(&rung);
}

int main(int argc, char **argv) {
    timer_t timer;
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = ring, .sigev_value = {.sival_ptr = "you"}};
    struct itimerspec soon = {.it_value = {.tv_nsec = 2000000}};
    how = argc > 1 ? argv[1] : "";
    sem_init(&rung, 0, 0);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        timer_settime(timer, 0, &soon, NULL);
        sem_wait(&rung);
    }
    return timer_delete(timer) != 0;
}
