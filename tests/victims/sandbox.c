/*
 * A sandbox such as bubblewrap's: the bare clone call makes process 1 of a new namespace, which makes the program, tells the root by a
 * pipe how that ended, and stays until it has no child left. The root ends with that status, and has never waited for it.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static void program(const char *how) {
    const struct timespec while_started = {.tv_nsec = 150000000};
    nanosleep(&while_started, NULL);
    if (strcmp(how, "fault") == 0)
        fault_here();
}

static int status_of(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

static void first_process(int out, char *const *argv) {
    const pid_t child = fork();
    if (child == 0) {
        execv("/proc/self/exe", (char *const[]){argv[0], argv[1], "inside", NULL});
        _exit(1);
    }
    int wait_status;
    pid_t ended;
    while ((ended = wait(&wait_status)) > 0) {
        const unsigned char status = (unsigned char) status_of(wait_status);
        if (ended == child && write(out, &status, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

int main(int argc, char **argv) {
    int ends[2];
    unsigned char status = 1, more;
    if (argc > 2) {
        program(argv[1]);
        return 0;
    }
    if (pipe(ends) != 0)
        return 1;
    const long child = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        close(ends[0]);
        first_process(ends[1], argv);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &status, 1) != 1)
        return 1;
    if (read(ends[0], &more, 1) != 0) /* until process 1 has gone */
        return 1;
    return status;
}
