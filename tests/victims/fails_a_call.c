/*
 * Runs a program and lets one of the system calls fail that are made once it is about to die:
 *
 *   fails_a_call LIST NUMBER NTH ERROR PROGRAM ARGUMENTS...
 *
 * NTH 1 is the first call of that number, 0 is each of them; NUMBER -1: none fails. Calls count from the moment a fatal signal is
 * delivered to the program, or from its prctl(0x514d4f4e); in the program itself and in what it makes, until that becomes another
 * program. How often each was made is written to the file LIST. Ends as the program ends.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x514d4f4e
#define CALLS 512
#define PROCESSES 64

static int wanted, nth, error_number, armed;
static unsigned counts[CALLS];
static struct {
    pid_t pid;
    int failing;
} processes[PROCESSES];

static int *failing_of(pid_t pid) {
    for (int i = 0; i < PROCESSES; i++)
        if (processes[i].pid == pid || processes[i].pid == 0) {
            processes[i].pid = pid;
            return &processes[i].failing;
        }
    exit(2);
}

static void set_register(pid_t pid, size_t at, long value) {
    ptrace(PTRACE_POKEUSER, pid, at, value);
}

static void on_call(pid_t pid) {
    struct __ptrace_syscall_info info;
    int *failing = failing_of(pid);
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && *failing) {
        set_register(pid, offsetof(struct user_regs_struct, rax), -error_number);
        *failing = 0;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    int number = (int) info.entry.nr;
    if (number == SYS_prctl && info.entry.args[0] == MARK)
        armed = 1;
    else if (armed && number >= 0 && number < CALLS && number != SYS_exit && number != SYS_exit_group &&
             number != SYS_rt_sigreturn && ++counts[number] != 0 && number == wanted &&
             (nth == 0 || counts[number] == (unsigned) nth)) {
        *failing = 1;
        set_register(pid, offsetof(struct user_regs_struct, orig_rax), -1);
    }
}

static void on_stop(pid_t pid, pid_t first, int status) {
    int signal = WSTOPSIG(status), pass_on = 0;
    static int started;
    if (signal == (SIGTRAP | 0x80)) {
        on_call(pid);
    } else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8) && (pid != first || started++)) {
        ptrace(PTRACE_DETACH, pid, 0, 0);
        return;
    } else if (status >> 16 == 0 && signal != SIGSTOP) {
        pass_on = signal;
        armed |= signal == SIGSEGV || signal == SIGABRT;
    }
    ptrace(PTRACE_SYSCALL, pid, 0, pass_on);
}

static int watch(pid_t first) {
    int status, end = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
        if (pid > 0 && WIFSTOPPED(status))
            on_stop(pid, first, status);
        else if (pid == first)
            end = status;
    }
    return end;
}

int main(int argc, char **argv) {
    const struct rlimit none = {0, 0};
    int status;
    wanted = atoi(argv[2]);
    nth = atoi(argv[3]);
    error_number = atoi(argv[4]);
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(argv[5], argv + 5);
        _exit(127);
    }
    waitpid(first, &status, 0);
    ptrace(PTRACE_SETOPTIONS, first, 0,
           PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
               PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_SYSCALL, first, 0, 0);
    status = watch(first);
    FILE *list = fopen(argv[1], "w");
    for (int i = 0; list != NULL && i < CALLS; i++)
        if (counts[i] != 0)
            fprintf(list, "%d %u\n", i, counts[i]);
    fclose(list);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    setrlimit(RLIMIT_CORE, &none);
    signal(WTERMSIG(status), SIG_DFL);
    kill(getpid(), WTERMSIG(status));
    return 1;
}
