/* A handler of SIGSEGV runs with it blocked: it reads that back, dies of a fault of its own, and leaves it so by a jump that restores
 * no mask. Told as "faults", "reads", "jumps" (and reads) or "jumps-and-faults". */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *told;
static jmp_buf back;

static void say_mask(void) {
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int signal = 1; signal < NSIG; signal++)
        if (sigismember(&mask, signal) == 1)
            printf("%d blocked\n", signal);
    fflush(stdout);
}

__attribute__((noinline)) static void second_fault(void) {
    *(volatile int *) 8 = 1;
}

__attribute__((noinline)) static void first_fault(void) {
    *(volatile int *) 4 = 1;
}

static void on_fault(int signal) {
    printf("caught %d\n", signal);
    fflush(stdout);
    if (strcmp(told, "faults") == 0)
        second_fault();
    if (strcmp(told, "reads") == 0)
        say_mask();
    _longjmp(back, 1);
}

int main(int argc, char **argv) {
    const struct sigaction action = {.sa_handler = on_fault};
    told = argv[1];
    sigaction(SIGSEGV, &action, NULL);
    if (_setjmp(back) == 0)
        first_fault();
    if (strcmp(told, "jumps-and-faults") == 0)
        second_fault();
    say_mask();
    return 0;
}
