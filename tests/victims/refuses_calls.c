/*
 * A seccomp filter answers some system calls with an error, or kills: refuses_calls ERRNO CALL,CALL,... The calls are names as in
 * the table below, or numbers, or "allow:" and those that are left alone. Then a fault, an abort, a stop, or an exit.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name)                                                                                                     \
    { #name, SYS_##name }
static const struct {
    const char *name;
    int number;
} calls[] = {
    CALL(openat),
    CALL(open),
    CALL(clone),
    CALL(clone3),
    CALL(fork),
    CALL(vfork),
    CALL(execve),
    CALL(execveat),
    CALL(prctl),
    CALL(sigaltstack),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(timer_create),
    CALL(timer_settime),
    CALL(timer_delete),
    CALL(memfd_create),
    CALL(mmap),
    CALL(munmap),
    CALL(mprotect),
    CALL(madvise),
    CALL(wait4),
    CALL(waitid),
    CALL(nanosleep),
    CALL(tgkill),
    CALL(kill),
    CALL(rt_tgsigqueueinfo),
    CALL(rt_sigqueueinfo),
    CALL(setsid),
    CALL(close_range),
    CALL(close),
    CALL(dup3),
    CALL(prlimit64),
    CALL(pread64),
    CALL(read),
    CALL(write),
    CALL(pwrite64),
    CALL(readlinkat),
    CALL(umask),
    CALL(chdir),
    CALL(gettid),
    CALL(getpid),
    CALL(newfstatat),
    CALL(ftruncate),
    CALL(flock),
    CALL(futex),
    CALL(rt_sigtimedwait),
    CALL(clock_gettime),
    CALL(exit_group),
    CALL(exit),
    CALL(rt_sigreturn),
    CALL(process_vm_readv),
    CALL(sched_yield),
    CALL(getppid),
    CALL(unlinkat),
};

static struct sock_filter code[160];
static unsigned length;

static void add(struct sock_filter step) {
    code[length++] = step;
}

static int number_of(const char *name) {
    if (name[0] >= '0' && name[0] <= '9')
        return atoi(name);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    fprintf(stderr, "no such call: %s\n", name);
    exit(2);
}

static void install(int error, char *names) {
    int allow = strncmp(names, "allow:", 6) == 0;
    unsigned refuse = error == 0 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | (unsigned) error;
    add((struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (char *name = strtok(names + 6 * allow, ","); name != NULL; name = strtok(NULL, ",")) {
        add((struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(name), 0, 1));
        add((struct sock_filter) BPF_STMT(BPF_RET | BPF_K, allow ? SECCOMP_RET_ALLOW : refuse));
    }
    add((struct sock_filter) BPF_STMT(BPF_RET | BPF_K, allow ? refuse : SECCOMP_RET_ALLOW));
    struct sock_fprog program = {(unsigned short) length, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        exit(2);
}

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    install(atoi(argv[1]), argv[2]);
    if (strcmp(argv[3], "fault") == 0)
        fault_here();
    if (strcmp(argv[3], "abort") == 0)
        abort();
    if (strcmp(argv[3], "stop") == 0)
        kill(getpid(), SIGTERM);
    _exit(atoi(argv[3]));
}
