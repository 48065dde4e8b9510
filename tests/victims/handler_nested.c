/* Handlers within handlers: each signal's handler raises or causes the next, and all return. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static char *page;

static void on_fault(int number, siginfo_t *info, void *context) {
    printf("fault in\n");
    raise(SIGBUS);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    printf("fault out\n");
}

static void on_bus(int number) {
    printf("bus in\n");
    raise(SIGFPE);
    printf("bus out\n");
}

static void on_fpe(int number) {
    printf("fpe in\n");
    raise(SIGTERM);
    printf("fpe out\n");
}

static void on_term(int number) {
    printf("term\n");
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, NULL);
    signal(SIGBUS, on_bus);
    signal(SIGFPE, on_fpe);
    signal(SIGTERM, on_term);
    *page = 1;
    printf("went on\n");
    return 0;
}
