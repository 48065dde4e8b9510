/* A signal, named by number, that another process sends. "reraise": to a handler that puts the default action back, raises it
 * again and returns, as node does. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void wait_for_it(void) {
    for (;;)
        pause();
}

static void raise_again(int number) {
    signal(number, SIG_DFL);
    raise(number);
}

int main(int argc, char **argv) {
    int number = atoi(argv[1]);
    pid_t self = getpid();
    if (argc > 2 && strcmp(argv[2], "reraise") == 0)
        signal(number, raise_again);
    if (fork() == 0) {
        usleep(20000);
        kill(self, number);
        _exit(0);
    }
    wait_for_it();
    return 0;
}
