/* victim: -Wl,-z,now */
/* A stack overflow is caught on an alternate stack of the program's own, no bigger than it must be: exit, jump or die. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const char *how;
static sigjmp_buf back;
static char *low;
static size_t bytes;

static void on_overflow(int number) {
    char here;
    int inside = &here >= low && &here < low + bytes;
    write(1, inside ? "on its own stack\n" : "elsewhere\n", inside ? 17 : 10);
    if (strcmp(how, "exit") == 0)
        _exit(5);
    if (strcmp(how, "jump") == 0)
        siglongjmp(back, 1);
    signal(number, SIG_DFL);
}

int descend(int depth) {
    volatile char room[200];
    room[0] = (char) depth;
    return descend(depth + 1) + room[0];
}

int main(int argc, char **argv) {
    how = argv[1];
    bytes = getauxval(AT_MINSIGSTKSZ) + 1024;
    low = malloc(bytes);
    stack_t stack = {.ss_sp = low, .ss_size = bytes};
    struct sigaction action = {.sa_handler = on_overflow, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 3; i++)
        if (sigsetjmp(back, 1) == 0)
            descend(0);
    printf("survived\n");
    return 0;
}
