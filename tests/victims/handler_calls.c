/*
 * A handler on an alternate stack returns with a context in which the instruction that faulted seems to have called a function,
 * on its own stack, as Mono's does. That function:
 *   abort, reraise  gives up in that way
 *   exit            exits, as a runtime does after an exception that nobody caught
 *   later           jumps away, and the program aborts for another reason
 *   again           jumps away a thousand times
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static const char *how;
static sigjmp_buf back;

static int is(const char *word) {
    return strcmp(how, word) == 0;
}

__attribute__((noinline)) void give_up(void) {
    write(1, "called\n", 7);
    if (is("abort"))
        abort();
    if (is("exit"))
        exit(3);
    if (is("reraise")) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    siglongjmp(back, 1);
}

static void call(int number, siginfo_t *info, void *context) {
    greg_t *const registers = ((ucontext_t *) context)->uc_mcontext.gregs;
    uintptr_t *const top = (uintptr_t *) ((((uintptr_t) registers[REG_RSP] & ~(uintptr_t) 15) - 640) - sizeof(void *));
    (void) number, (void) info;
    *top = (uintptr_t) registers[REG_RIP];
    registers[REG_RSP] = (greg_t) (uintptr_t) top;
    registers[REG_RIP] = (greg_t) (uintptr_t) give_up;
}

__attribute__((noinline)) void original_fault(void) {
    *(volatile int *) 4 = 1;
}

__attribute__((noinline)) void other_reason(void) {
    abort();
}

int main(int argc, char **argv) {
    static char alternate[65536];
    const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    const struct sigaction action = {.sa_sigaction = call, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    static volatile int times;
    how = argv[1];
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0)
        return 9;
    if (sigsetjmp(back, 1) != 0 && (!is("again") || ++times == 1000))
        how = is("later") ? "now" : "";
    else
        original_fault();
    if (is("now"))
        other_reason();
    return argc == 2 ? 0 : 8;
}
