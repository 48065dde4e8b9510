/* victim: -pthread */
/* A filter of system calls, which the receiver inherits, refuses ptrace; another thread waits. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t barrier;

static void *wait_for_ever(void *unused) {
    pthread_setname_np(pthread_self(), "patient");
    pthread_barrier_wait(&barrier);
    for (;;)
        pause();
    return unused;
}

static void refuse_ptrace(void) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        exit(90);
}

__attribute__((noinline)) void read_null(volatile int *pointer) {
    exit(*pointer);
}

int main(void) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, wait_for_ever, NULL);
    pthread_barrier_wait(&barrier);
    refuse_ptrace();
    read_null(NULL);
    return 0;
}
