/* A thousand faults that a handler deals with, as in a managed runtime, and then a death that has nothing to do with them: abort,
 * a fault with the default action, an exit status, or none. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sigjmp_buf back;

static void leave(int number) {
    siglongjmp(back, 1);
}

void real_end(const char *how) {
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "fault") == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile int *) 4 = 1;
    }
    if (strcmp(how, "exit") == 0)
        exit(3);
    if (strcmp(how, "term") == 0)
        raise(SIGTERM);
}

int main(int argc, char **argv) {
    signal(SIGSEGV, leave);
    for (int i = 0; i < 1000; i++)
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *) 8 = 1;
    real_end(argv[1]);
    return 0;
}
