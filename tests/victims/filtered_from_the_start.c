/*
 * Becomes another program under a filter of system calls that ends whoever makes timers, or System V's and unnamed means of communication
 * (systemd's groups @timer and @ipc), as a service manager's does: filtered_from_the_start timer|ipc|both PROGRAM ARGUMENTS.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int timers[] = {SYS_timer_create,   SYS_timer_settime,   SYS_timer_delete,
                             SYS_timer_gettime,  SYS_setitimer,       SYS_getitimer,
                             SYS_timerfd_create, SYS_timerfd_settime, SYS_timer_getoverrun};
static const int communication[] = {SYS_shmget, SYS_shmat,        SYS_shmctl,           SYS_shmdt,
                                    SYS_pipe2,  SYS_memfd_create, SYS_process_vm_readv, SYS_process_vm_writev,
                                    SYS_semget, SYS_msgget,       SYS_mq_open};

static struct sock_filter code[64];
static unsigned short length;

static void add(struct sock_filter step) {
    code[length++] = step;
}

static void forbid(const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        add((struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned) calls[i], 0, 1));
        add((struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    }
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 90;
    add((struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    if (strcmp(argv[1], "ipc") != 0)
        forbid(timers, sizeof timers / sizeof timers[0]);
    if (strcmp(argv[1], "timer") != 0)
        forbid(communication, sizeof communication / sizeof communication[0]);
    add((struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const struct sock_fprog program = {length, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 91;
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 92;
}
