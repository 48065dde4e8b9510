/* victim: -pthread */
/*
 * A program under a filter of system calls that ends whoever looks into another process, as systemd's for services do, and that was there
 * before it: the receiver inherits it, and the agent knows nothing of it. Another thread waits, but for the argument "alone".
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t barrier;

__attribute__((noinline)) void wait_for_ever(void) {
    pthread_barrier_wait(&barrier);
    for (;;)
        pause();
}

static void *run(void *unused) {
    wait_for_ever();
    return unused;
}

static void filter_and_begin_again(char **argv) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mincore, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchown, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        exit(90);
    setenv("FILTERED", "yes", 1);
    execv("/proc/self/exe", argv);
    exit(91);
}

__attribute__((noinline)) void read_null(volatile int *pointer) {
    exit(*pointer);
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (getenv("FILTERED") == NULL)
        filter_and_begin_again(argv);
    pthread_barrier_init(&barrier, NULL, 2);
    if (argc < 2 || strcmp(argv[1], "alone") != 0) {
        pthread_create(&thread, NULL, run, NULL);
        pthread_barrier_wait(&barrier);
    }
    read_null(NULL);
    return 0;
}
