/* What calls say of places that are none: the kernel refuses them with EFAULT, or libc's own code faults, in a child of its own each. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *bad;

static void make_child(void) {
    if (fork() == 0)
        _exit(5);
}

static int wait_for_status(void) {
    make_child();
    return waitpid(-1, bad, 0);
}

static int wait_for_any(void) {
    make_child();
    return wait(bad);
}

static int wait_for_usage(void) {
    make_child();
    return wait4(-1, NULL, 0, bad);
}

static int wait_for_information(void) {
    make_child();
    return waitid(P_ALL, 0, bad, WEXITED);
}

static int read_mask(void) {
    return sigprocmask(SIG_BLOCK, NULL, bad);
}

static int read_thread_mask(void) {
    return pthread_sigmask(SIG_BLOCK, NULL, bad);
}

static int read_kernel_mask(void) {
    return (int) syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad, 8);
}

static int set_stack(void) {
    return sigaltstack(bad, NULL);
}

static int read_stack(void) {
    return sigaltstack(NULL, bad);
}

static int set_kernel_stack(void) {
    return (int) syscall(SYS_sigaltstack, bad, NULL);
}

static int set_kernel_action(void) {
    return (int) syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8);
}

static int read_kernel_action(void) {
    return (int) syscall(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8);
}

static const struct timespec moment = {0, 1000};

static int poll_with_mask(void) {
    return ppoll(NULL, 0, &moment, bad);
}

static int poll_descriptors(void) {
    return ppoll(bad, 1, &moment, NULL);
}

static int select_with_mask(void) {
    return pselect(0, NULL, NULL, NULL, &moment, bad);
}

static int wait_for_events_with_mask(void) {
    struct epoll_event event;
    return epoll_pwait(epoll_create1(0), &event, 1, 1, bad);
}

static int suspend(void) {
    return sigsuspend(bad);
}

static int execute(void) {
    char *const words[] = {"true", NULL}, *const nothing[] = {NULL};
    return execve(bad, words, nothing);
}

static int execute_with_words(void) {
    char *const nothing[] = {NULL};
    return execve("/bin/true", bad, nothing);
}

static int spawn(void) {
    char *const words[] = {"true", NULL}, *const nothing[] = {NULL};
    return posix_spawnp(NULL, bad, NULL, NULL, words, nothing);
}

static const struct {
    const char *name;
    int (*call)(void);
} calls[] = {
    {"waitpid", wait_for_status},
    {"wait", wait_for_any},
    {"wait4", wait_for_usage},
    {"waitid", wait_for_information},
    {"sigprocmask", read_mask},
    {"pthread_sigmask", read_thread_mask},
    {"rt_sigprocmask", read_kernel_mask},
    {"sigaltstack", set_stack},
    {"sigaltstack, old", read_stack},
    {"the bare sigaltstack", set_kernel_stack},
    {"rt_sigaction", set_kernel_action},
    {"rt_sigaction, old", read_kernel_action},
    {"ppoll, mask", poll_with_mask},
    {"ppoll", poll_descriptors},
    {"pselect, mask", select_with_mask},
    {"epoll_pwait, mask", wait_for_events_with_mask},
    {"sigsuspend", suspend},
    {"execve", execute},
    {"execve, words", execute_with_words},
    {"posix_spawnp", spawn},
};

int main(void) {
    static const uintptr_t places[] = {1, 0x1000, UINTPTR_MAX - 4096, (uintptr_t) 1 << 63};
    for (unsigned p = 0; p < sizeof places / sizeof *places; p++)
        for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
            int status;
            bad = (void *) places[p];
            const pid_t child = fork();
            if (child == 0) {
                alarm(5);
                const int result = calls[i].call(), error = errno;
                dprintf(1, "%s at %p: %d, %d\n", calls[i].name, bad, result, result < 0 ? error : 0);
                _exit(0);
            }
            if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
                dprintf(1, "%s at %p: signal %d\n", calls[i].name, bad, WTERMSIG(status));
        }
    return 0;
}
