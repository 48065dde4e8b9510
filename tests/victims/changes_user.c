/* Servers whose children are other users than they: a supervisor's programs, and what a worker starts that has given up its
 * privileges. */
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

static void become_nobody(void) {
    if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
        _exit(90);
}

/* Until it says so, it may not have got that far; and then it is killed. */
static int kill_once_ready(pid_t child, int from) {
    char byte;
    int status;
    if (read(from, &byte, 1) != 1 || kill(child, SIGKILL) != 0 || waitpid(child, &status, 0) != child)
        return 91;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 92;
}

static void say_ready_and_wait(int to) {
    if (write(to, "r", 1) != 1)
        _exit(93);
    for (;;)
        pause();
}

/* A worker without privileges, and a child of its own. */
static int work(void) {
    int ends[2];
    become_nobody();
    if (pipe(ends) != 0)
        return 94;
    const pid_t child = fork();
    if (child == 0)
        say_ready_and_wait(ends[1]);
    return kill_once_ready(child, ends[0]);
}

int main(int argc, char **argv) {
    int ends[2], status;
    if (strcmp(argv[1], "wait") == 0)
        say_ready_and_wait(1);
    if (strcmp(argv[1], "fault") == 0)
        fault_in_child();
    if (strcmp(argv[1], "end") == 0)
        return 3;
    if (pipe(ends) != 0)
        return 95;
    const pid_t child = fork();
    if (child == 0) {
        if (strcmp(argv[1], "worker") == 0)
            _exit(work());
        become_nobody();
        dup2(ends[1], 1);
        execl("/nonexistent", "nonexistent", NULL);
        execl(argv[0], argv[0], argv[2], NULL);
        _exit(96);
    }
    if (argc > 2 && strcmp(argv[2], "wait") == 0)
        return kill_once_ready(child, ends[0]);
    if (waitpid(child, &status, 0) != child)
        return 97;
    return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}
