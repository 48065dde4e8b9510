/*
 * faults.c: faults HOW COUNT. Faults COUNT times and recovers: "skip" steps over the instruction, "repair" makes the page
 * writable, "jump" leaves the handler by siglongjmp. Prints the ns that each took.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

static sigjmp_buf back;
static char *page;
static const size_t page_bytes = 4096;

static void skip(int number, siginfo_t *info, void *context) {
    (void) number, (void) info;
#if defined(__x86_64__)
    ((ucontext_t *) context)->uc_mcontext.gregs[REG_RIP] += 2; /* movb %al to memory: 88 07 */
#elif defined(__aarch64__)
    ((ucontext_t *) context)->uc_mcontext.pc += 4;
#endif
}

static void repair(int number, siginfo_t *info, void *context) {
    (void) number, (void) info, (void) context;
    mprotect(page, page_bytes, PROT_READ | PROT_WRITE);
}

static void jump(int number, siginfo_t *info, void *context) {
    (void) number, (void) info, (void) context;
    siglongjmp(back, 1);
}

/* A store of two bytes of code where that matters. */
static void touch(void) {
#if defined(__x86_64__)
    __asm__ volatile("movb %%al, (%%rdi)" : : "D"(page), "a"(1) : "memory");
#else
    *(volatile char *) page = 1;
#endif
}

static void fault(const char *how, unsigned long count) {
    for (volatile unsigned long i = 0; i < count; i++) {
        if (strcmp(how, "jump") == 0) {
            if (sigsetjmp(back, 1) == 0)
                touch();
        } else {
            touch();
            if (strcmp(how, "repair") == 0)
                mprotect(page, page_bytes, PROT_NONE);
        }
    }
}

int main(int count, char **arguments) {
    unsigned long times = count == 3 ? strtoul(arguments[2], NULL, 10) : 0;
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    struct timespec start, end;

    page = mmap(NULL, page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (times == 0 || page == MAP_FAILED)
        return 2;
    action.sa_sigaction = arguments[1][0] == 's' ? skip : arguments[1][0] == 'r' ? repair : jump;
    sigaction(SIGSEGV, &action, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 40000000}, NULL);
    clock_gettime(CLOCK_MONOTONIC, &start);
    fault(arguments[1], times);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.3f\n",
           ((double) (end.tv_sec - start.tv_sec) * 1e9 + (double) (end.tv_nsec - start.tv_nsec)) / (double) times);
    return 0;
}
