/* victim: -Wl,-z,now */
/* An alternate stack that holds the signal frame and a few bytes more: nobody else may use it up. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;

static void leave(int number) {
    siglongjmp(back, 1);
}

int main(void) {
    size_t bytes = (getauxval(AT_MINSIGSTKSZ) + 1024 + 63) & ~63ul;
    char *pages = mmap(NULL, 3 * 4096 + 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *low = pages + 8192;
    stack_t stack = {.ss_sp = low, .ss_size = bytes};
    struct sigaction action = {.sa_handler = leave, .sa_flags = SA_ONSTACK};
    mprotect(pages, 4096, PROT_NONE);
    memset(pages + 4096, 0x5a, 4096);
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(back, 1) == 0)
        *(volatile int *) 8 = 1;
    int harmed = 0;
    for (int i = 4096; i < 8192; i++)
        harmed += pages[i] != 0x5a;
    printf("%d bytes below the stack harmed\n", harmed);
    return 0;
}
