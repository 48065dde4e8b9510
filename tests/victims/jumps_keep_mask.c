/* sigsetjmp with and without the mask, setcontext and swapcontext, with fault signals blocked and not. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static sigjmp_buf back;
static ucontext_t main_context, other_context;

static void print(const char *what) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf("%s: SEGV %d TERM %d\n", what, sigismember(&set, SIGSEGV), sigismember(&set, SIGTERM));
}

static void block(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGTERM);
    sigprocmask(how, &set, NULL);
}

static void leave(int number) {
    print("in the handler");
    siglongjmp(back, 1);
}

static void other(void) {
    print("other context");
    block(SIG_BLOCK);
    print("other context, blocked");
    swapcontext(&other_context, &main_context);
    print("other context again");
}

int main(void) {
    signal(SIGBUS, leave);
    for (int save = 0; save < 2; save++) {
        block(SIG_BLOCK);
        if (sigsetjmp(back, save) == 0) {
            block(SIG_UNBLOCK);
            siglongjmp(back, 1);
        }
        print("after the jump");
        block(SIG_UNBLOCK);
        if (sigsetjmp(back, save) == 0) {
            block(SIG_BLOCK);
            siglongjmp(back, 1);
        }
        print("after the jump");
        block(SIG_UNBLOCK);
        if (sigsetjmp(back, 1) == 0)
            raise(SIGBUS);
        print("out of the handler");
    }
    getcontext(&other_context);
    other_context.uc_stack.ss_sp = malloc(65536);
    other_context.uc_stack.ss_size = 65536;
    other_context.uc_link = &main_context;
    makecontext(&other_context, other, 0);
    swapcontext(&main_context, &other_context);
    print("main context");
    block(SIG_BLOCK);
    if (other_context.uc_link != NULL) {
        other_context.uc_link = NULL;
        swapcontext(&main_context, &other_context);
    }
    return 0;
}
