/* victim: -Wl,-z,lazy */
/* A library for the victims that is loaded with RTLD_DEEPBIND: what it calls of libc. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*handler_function)(int);

static pid_t (*const fork_of_table)(void) = fork;

static void give_up(int number) {
    (void) number;
    abort();
}

/* Whose handler it reads back, and whether the program sees it too. */
handler_function deep_handler(void) {
    struct sigaction action = {.sa_handler = give_up}, now;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGSEGV, NULL, &now);
    return now.sa_handler == give_up ? give_up : NULL;
}

int deep_kill(void) {
    int status = 0;
    const pid_t child = fork_of_table();
    if (child == 0)
        kill(getpid(), SIGKILL);
    waitpid(child, &status, 0);
    return WTERMSIG(status);
}
