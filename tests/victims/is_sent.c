/* A signal, named by number, that another process sends. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void wait_for_it(void) {
    for (;;)
        pause();
}

int main(int argc, char **argv) {
    int number = atoi(argv[1]);
    pid_t self = getpid();
    if (fork() == 0) {
        usleep(20000);
        kill(self, number);
        _exit(0);
    }
    wait_for_it();
    return 0;
}
