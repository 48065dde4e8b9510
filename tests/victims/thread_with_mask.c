/* A thread whose mask is given by an attribute, with SIGSEGV in it, faults; or says what it sees. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static void *in_thread(void *fault) {
    sigset_t set;
    unsigned long word;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    memcpy(&word, &set, sizeof word);
    printf("thread: %016lx\n", word);
    fflush(stdout);
    if (fault != NULL)
        fault_here();
    return NULL;
}

int main(int argc, char **argv) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, 49);
    pthread_attr_init(&attributes);
    pthread_attr_setsigmask_np(&attributes, &set);
    pthread_create(&thread, &attributes, in_thread, argc > 1 ? "fault" : NULL);
    pthread_join(thread, NULL);
    return 0;
}
