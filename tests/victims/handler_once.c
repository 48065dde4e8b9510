/* SA_RESETHAND: the handler runs once and returns; the fault that comes again has the default action. */
#include <signal.h>
#include <unistd.h>

static void once(int number) {
    write(1, "once\n", 5);
}

void original_fault(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    struct sigaction action = {.sa_handler = once, .sa_flags = SA_RESETHAND};
    sigaction(SIGSEGV, &action, NULL);
    original_fault();
    return 0;
}
