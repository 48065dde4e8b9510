/* A SIGSEGV handler makes the page accessible and returns: a garbage collector's barrier. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static void repair(int number, siginfo_t *info, void *context) {
    mprotect((void *) ((unsigned long) info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    char *pages = mmap(NULL, 4096 * 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 20; i++)
        pages[i * 4096] = (char) i;
    printf("went on %d\n", pages[19 * 4096]);
    return 0;
}
