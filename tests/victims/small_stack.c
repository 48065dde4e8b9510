/* victim: -Wl,-z,now */
/*
 * An alternate stack that holds the kernel's frame and little more, or not even that. What is set is read back, handlers run on it or off
 * it as they asked, one on top of the other, and it can be replaced; a fault with the default action is told all the same.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static char *low;
static size_t bytes;
static int depth;

void fault_here(void) {
    *(volatile int *) 8 = 1;
}

static int is_on_it(void) {
    const char here = 0, *const at = &here;
    return at >= low && at < low + bytes;
}

static void show(const char *when) {
    stack_t now;
    const int result = sigaltstack(NULL, &now);
    printf("%s: %d %d %d flags %d\n", when, result, now.ss_sp == low, now.ss_size == bytes, now.ss_flags);
}

static void set(size_t size) {
    const stack_t stack = {.ss_sp = low, .ss_size = size};
    bytes = size;
    printf("set: %d\n", sigaltstack(&stack, NULL));
    show("is");
}

static void handle(int number) {
    const stack_t none = {.ss_flags = SS_DISABLE};
    stack_t now;
    const int on = is_on_it(), result = sigaltstack(NULL, &now), changed = sigaltstack(&none, NULL), error = errno;
    char line[] = "NN on it: 0, read 0, flags 0, disable 0, error 0\n"; /* printf needs more room than there is */
    line[0] = (char) ('0' + number / 10);
    line[1] = (char) ('0' + number % 10);
    line[10] += (char) on;
    line[18] += (char) -result;
    line[27] += (char) now.ss_flags;
    line[38] += (char) -changed;
    line[47] += (char) (changed == 0 ? 0 : error);
    if (write(STDOUT_FILENO, line, sizeof line - 1) < 0 || (number == SIGUSR1 && depth++ == 0 && raise(SIGUSR2) != 0))
        _exit(1);
    if (number == SIGSEGV)
        siglongjmp(back, 1);
}

static void install(int number, int flags) {
    const struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
    sigaction(number, &action, NULL);
}

static void in_handlers(size_t least) {
    set(least + 3072);
    install(SIGUSR1, SA_ONSTACK);
    install(SIGUSR2, 0);
    raise(SIGUSR1);
    raise(SIGUSR2);
    install(SIGSEGV, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0)
        fault_here();
    install(SIGSEGV, 0);
    if (sigsetjmp(back, 1) == 0)
        fault_here();
    show("after");
    set(16384);
    raise(SIGUSR1);
    set(least + 3072);
    const stack_t none = {.ss_flags = SS_DISABLE};
    printf("disabled: %d\n", sigaltstack(&none, NULL));
    stack_t now;
    sigaltstack(NULL, &now);
    printf("%p %zu %d\n", now.ss_sp, now.ss_size, now.ss_flags);
    raise(SIGUSR1);
}

static int descend(int count) {
    volatile char room[512];
    room[0] = (char) count;
    return descend(count + 1) + room[0];
}

int main(int argc, char **argv) {
    const size_t least = getauxval(AT_MINSIGSTKSZ);
    char *pages = mmap(NULL, 4096 + 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const char *how = argc > 1 ? argv[1] : "handlers";
    setvbuf(stdout, NULL, _IONBF, 0);
    mprotect(pages, 4096, PROT_NONE);
    low = pages + 4096;
    if (strcmp(how, "handlers") == 0) {
        in_handlers(least);
        return 0;
    }
    set(2048); /* MINSIGSTKSZ, what the kernel accepts at least */
    if (strcmp(how, "fault") == 0)
        fault_here();
    return strcmp(how, "descend") == 0 ? descend(0) : 0;
}
