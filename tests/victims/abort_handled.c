/* SIGABRT handlers: one that returns, jumps, exits, is ignored, is blocked, gives up itself; for abort() and for a failed assertion. */
#include <assert.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how;
static sigjmp_buf back;

void give_up(const char *why);

static void handler(int number) {
    if (strcmp(how, "again") == 0)
        give_up("assert");
    write(1, "handler\n", 8);
    if (strcmp(how, "jump") == 0)
        siglongjmp(back, 1);
    if (strcmp(how, "exit") == 0)
        exit(9);
    if (strcmp(how, "_exit") == 0)
        _exit(10);
    if (strcmp(how, "fault") == 0)
        *(volatile int *) 8 = 1;
    if (strcmp(how, "reraise") == 0) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

void give_up(const char *why) {
    if (strcmp(why, "abort") == 0)
        abort();
    if (strcmp(why, "assert") == 0)
        assert(!"given up");
    if (strcmp(why, "free") == 0) {
        void *volatile block = malloc(20);
        free(block);
        free(block);
    }
}

int main(int argc, char **argv) {
    sigset_t set;
    how = argv[2];
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    signal(SIGABRT, strcmp(how, "ignored") == 0 ? SIG_IGN : handler);
    if (strcmp(how, "blocked") == 0)
        sigprocmask(SIG_BLOCK, &set, NULL);
    if (sigsetjmp(back, 1) == 0)
        give_up(argv[1]);
    printf("survived\n");
    return 0;
}
