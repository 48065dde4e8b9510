/*
 * clone() called by the program itself: a process that shares nothing, one that shares the memory, a thread; which ends well, by a
 * status, by a crash or by SIGKILL from itself or its maker, while that waits; or the maker goes on only when it has left ("vfork").
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *end;
static volatile int thread_runs = 1;

void fault_in_clone(void) {
    *(volatile int *) 4 = 1;
}

static int work(void *argument) {
    if (strcmp(argument, "thread") == 0)
        usleep(20000);
    if (strcmp(end, "fault") == 0)
        fault_in_clone();
    if (strcmp(end, "abort") == 0)
        abort();
    if (strcmp(end, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(end, "exit") == 0)
        exit(4);
    if (strcmp(end, "is_killed") == 0)
        pause();
    if (strcmp(end, "blocked") == 0) {
        sigset_t all;
        sigfillset(&all);
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
        fault_in_clone();
    }
    thread_runs = 0;
    return 5;
}

int main(int argc, char **argv) {
    const size_t bytes = 256 * 1024;
    int flags = SIGCHLD, status = 0;
    char *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    end = argc > 2 ? argv[2] : "";
    if (strcmp(argv[1], "memory") == 0)
        flags |= CLONE_VM;
    if (strcmp(argv[1], "vfork") == 0)
        flags |= CLONE_VM | CLONE_VFORK;
    if (strcmp(argv[1], "thread") == 0)
        flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    int child = clone(work, stack + bytes, flags, argv[1]);
    if (strcmp(end, "is_killed") == 0)
        kill(child, SIGKILL);
    if (strcmp(argv[1], "thread") == 0) {
        while (thread_runs)
            sched_yield();
    } else if (waitpid(child, &status, 0) != child) {
        return 1;
    }
    printf("child %x\n", status);
    return 0;
}
