/* A handler that did not ask for an alternate stack cannot run when the stack has overflowed: the kernel ends the process. */
#include <signal.h>
#include <unistd.h>

static void never(int number) {
    write(1, "ran\n", 4);
    _exit(6);
}

int descend(int depth) {
    volatile char room[400];
    room[0] = (char) depth;
    return descend(depth + 1) + room[0];
}

int main(void) {
    signal(SIGSEGV, never);
    return descend(0);
}
