/* SIGTERM handlers as services have them: one that lets main return, one that cleans up and dies by the signal after all, one
 * that exits, and one that takes the signal once. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how;
static volatile sig_atomic_t stopping;

static void handler(int number) {
    write(1, "stopping\n", 9);
    stopping = 1;
    if (strcmp(how, "die") == 0) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (strcmp(how, "exit") == 0)
        _exit(0);
    if (strcmp(how, "fail") == 0)
        exit(1);
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = handler};
    how = argv[1];
    if (strcmp(how, "once") == 0)
        action.sa_flags = SA_RESETHAND;
    sigaction(SIGTERM, &action, NULL);
    kill(getpid(), SIGTERM);
    if (strcmp(how, "once") == 0)
        kill(getpid(), SIGTERM);
    return stopping ? 0 : 2;
}
