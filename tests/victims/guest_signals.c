/*
 * A process that runs in its maker's memory sets and asks for signals, by functions of libc, and the maker then has those that it set
 * itself: made by vfork, by clone while the maker waits or runs, or by a clone that nobody can see; from the first stack or
 * from a thread's. The maker then faults, with a handler of its own, or without one.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALS 3

static const int numbers[SIGNALS] = {SIGSEGV, SIGUSR1, SIGTERM};
static volatile int child_saw; /* of its maker's handlers */
static const char *how;
static sigjmp_buf back;

static void of_maker(int number) {
    printf("the maker's handler has %d\n", number);
    siglongjmp(back, 1);
}

static void of_child(int number) {
    (void) number;
}

void fault_in_maker(void) {
    *(volatile int *) 4 = 1;
}

/* More often than there are spare copies of anything. */
static void change_signals(void) {
    struct sigaction action;
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(numbers[i], NULL, &action);
        child_saw += action.sa_handler == of_maker;
        for (int again = 0; again < 8; again++) {
            signal(numbers[i], again % 2 == 0 ? SIG_DFL : of_child);
            sigaction(numbers[i], NULL, &action);
            child_saw += action.sa_handler == (again % 2 == 0 ? SIG_DFL : of_child);
        }
    }
}

static int be_child(void *unused) {
    (void) unused;
    change_signals();
    _exit(5);
}

static pid_t make_child(void) {
    const size_t bytes = 256 * 1024;
    char *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (strcmp(how, "vfork") == 0) {
        pid_t child = vfork();
        if (child == 0)
            be_child(NULL);
        return child;
    }
    if (strcmp(how, "unseen") == 0) { /* past whoever stands before libc */
        int (*unseen)(int (*)(void *), void *, int, void *, ...) =
            (int (*)(int (*)(void *), void *, int, void *, ...)) dlsym(dlopen("libc.so.6", RTLD_LAZY), "clone");
        return unseen(be_child, stack + bytes, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    }
    return clone(be_child, stack + bytes, CLONE_VM | SIGCHLD | (strcmp(how, "clone") == 0 ? CLONE_VFORK : 0), NULL);
}

static void *be_maker(void *unused) {
    struct sigaction action;
    int status = 0, own = 0;
    for (int i = 0; i < 3; i++) {
        for (int set = 0; set < SIGNALS; set++)
            signal(numbers[set], of_maker);
        waitpid(make_child(), &status, 0);
    }
    for (int i = 0; i < SIGNALS; i++)
        own += sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == of_maker;
    printf("child %x saw %d, own %d\n", status, child_saw, own);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread;
    how = argv[1];
    if (strcmp(argv[2], "thread") == 0)
        pthread_create(&thread, NULL, be_maker, NULL), pthread_join(thread, NULL);
    else
        be_maker(NULL);
    if (argc > 3)
        signal(SIGSEGV, SIG_DFL);
    fflush(stdout);
    if (sigsetjmp(back, 1) == 0)
        fault_in_maker();
    return 0;
}
