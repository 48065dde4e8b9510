/* victim: -pthread */
/*
 * A process into which nobody may look from outside: not dumpable, and its user is nobody. Its threads wait, work, block every
 * signal, are deep in a recursion; the one that reads prints if its call is interrupted. The argument says how it ends.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static atomic_int arrived;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long work;

static void arrive(const char *name) {
    pthread_setname_np(pthread_self(), name);
    atomic_fetch_add(&arrived, 1);
}

__attribute__((noinline)) void read_for_ever(int fd) {
    char byte;
    arrive("reader");
    while (read(fd, &byte, 1) >= 0 || errno != EINTR) {
    }
    puts("interrupted"), fflush(stdout);
}

static void *reader(void *pipe_ends) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    read_for_ever(*(int *) pipe_ends);
    return NULL;
}

__attribute__((noinline)) void work_for_ever(void) {
    arrive("worker");
    for (;;)
        work++;
}

static void *worker(void *unused) {
    work_for_ever();
    return unused;
}

__attribute__((noinline)) int descend(int depth) {
    if (depth == 0) {
        arrive("deep");
        pthread_mutex_lock(&held);
        return 0;
    }
    return descend(depth - 1) + 1;
}

static void *deep(void *unused) {
    descend(300);
    return unused;
}

__attribute__((noinline)) void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static void give_up(int signal) {
    (void) signal;
    exit(3);
}

int main(int argc, char **argv) {
    static void *(*const bodies[])(void *) = {reader, worker, deep};
    int ends[2];
    pthread_t thread;
    const char *const how = argc > 1 ? argv[1] : "fault";
    if (pipe(ends) != 0 || (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)))
        return 90;
    prctl(PR_SET_DUMPABLE, 0);
    pthread_mutex_lock(&held);
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, bodies[i], ends);
    while (atomic_load(&arrived) < 3)
        sched_yield();
    if (strcmp(how, "exit") == 0)
        signal(SIGSEGV, give_up);
    if (strcmp(how, "abort") == 0)
        abort();
    fault_here();
    return 0;
}
