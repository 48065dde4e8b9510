/* Threads that each make children by vfork, which fault in the memory that all of them share; and then all ends well, or the
 * process itself faults. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

void fault_in_parent(void) {
    *(volatile int *) 4 = 1;
}

static void *work(void *ret_faults) {
    for (int i = 0; i < 2; i++) {
        int status;
        pid_t child = vfork();
        if (child == 0)
            fault_in_child();
        waitpid(child, &status, 0);
        *(int *) ret_faults += WIFSIGNALED(status) && WTERMSIG(status) == 11;
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    int faults[THREADS] = {0}, all = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, &faults[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += faults[i];
    }
    printf("%d children faulted\n", all);
    fflush(stdout);
    if (argc > 1)
        fault_in_parent();
    return 0;
}
