/* One thread faults over and over and jumps out of its handler, while another sends it other fault signals, one at a time: each must
 * arrive, also where it comes when the first one's handler is about to be called. Prints how many came. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#define SENT 600

static pthread_t first;
static sigjmp_buf out;
static atomic_uint come;
static atomic_bool is_over;

static void handle(int number, siginfo_t *info, void *context) {
    if (info->si_code <= 0)
        atomic_fetch_add(&come, 1);
    else
        siglongjmp(out, 1);
}

static void *send(void *unused) {
    static const int numbers[] = {SIGFPE, SIGILL, SIGBUS};
    for (unsigned i = 0; i < SENT; i++) {
        pthread_kill(first, numbers[i % 3]);
        while (atomic_load(&come) == i)
            ;
    }
    atomic_store(&is_over, true);
    return NULL;
}

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGFPE, SIGILL, SIGBUS};
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    pthread_t sender;
    volatile unsigned faults = 0;
    for (unsigned i = 0; i < 4; i++)
        sigaction(numbers[i], &action, NULL);
    first = pthread_self();
    sigsetjmp(out, 1);
    faults++;
    if (faults == 1)
        pthread_create(&sender, NULL, send, NULL);
    if (!atomic_load(&is_over))
        *(volatile int *) 4 = 1;
    pthread_join(sender, NULL);
    printf("%u came\n", atomic_load(&come));
    return 0;
}
