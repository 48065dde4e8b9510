/* SIGSEGV ignored: a sent one is nothing, a real one is the end all the same. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    signal(SIGSEGV, SIG_IGN);
    raise(SIGSEGV);
    printf("nothing happened\n");
    fflush(stdout);
    if (argc > 1)
        fault_here();
    return 0;
}
