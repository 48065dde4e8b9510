/* Threads set and unset handlers of the same signal while others use it. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static __thread sigjmp_buf back;
static volatile int stop;

static void leave(int number) {
    siglongjmp(back, 1);
}

static void *toggle(void *unused) {
    struct sigaction first = {.sa_handler = leave}, second = {.sa_handler = leave, .sa_flags = SA_NODEFER};
    while (!stop) {
        sigaction(SIGSEGV, &first, NULL);
        sigaction(SIGSEGV, &second, NULL);
    }
    return NULL;
}

static void *fault(void *unused) {
    for (volatile int i = 0; i < 2000; i++)
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *) 8 = 1;
    return NULL;
}

int main(void) {
    pthread_t threads[4];
    struct sigaction first = {.sa_handler = leave};
    sigaction(SIGSEGV, &first, NULL);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i < 2 ? fault : toggle, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    stop = 1;
    pthread_join(threads[2], NULL);
    pthread_join(threads[3], NULL);
    printf("done\n");
    return 0;
}
