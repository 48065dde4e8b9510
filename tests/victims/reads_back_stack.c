/* sigaltstack: read before anything was set, set, replaced, disabled, and misused, in two threads and in a handler. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *known[3];

static int which(const void *address) {
    for (int i = 0; i < 3; i++)
        if (address == known[i])
            return i + 1;
    return address == NULL ? 0 : -1;
}

/* sigstack() takes the address for it. */
static size_t size_of(const stack_t *stack) {
    return stack->ss_size == (size_t) stack->ss_sp ? 1 : stack->ss_size;
}

static void change(const char *what, void *sp, size_t bytes, int flags) {
    stack_t stack = {.ss_sp = sp, .ss_size = bytes, .ss_flags = flags}, old, now;
    memset(&old, 0x5a, sizeof old);
    errno = 0;
    int result = sigaltstack(&stack, &old), error = errno;
    printf("%s: %d %d", what, result, error);
    if (result == 0)
        printf(" was %d %zu %x", which(old.ss_sp), size_of(&old), old.ss_flags);
    sigaltstack(NULL, &now);
    printf(" is %d %zu %x\n", which(now.ss_sp), size_of(&now), now.ss_flags);
}

static void handler(int number) {
    char here;
    int on = 0;
    for (int i = 0; i < 3; i++)
        if (&here >= known[i] && &here < known[i] + 65536)
            on = i + 1;
    printf("handler of %d on %d\n", number, on);
    change("in the handler", known[2], 65536, 0);
    change("disable in the handler", NULL, 0, SS_DISABLE);
}

static void all(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    stack_t now;
    printf("%d\n", sigaltstack(NULL, NULL));
    sigaltstack(NULL, &now);
    printf("start: %d %zu %x\n", which(now.ss_sp), now.ss_size, now.ss_flags);
    change("disable what is not there", NULL, 0, SS_DISABLE);
    change("disable with an address", known[0], 65536, SS_DISABLE);
    change("first", known[0], 65536, 0);
    change("second", known[1], 65536, 0);
    change("too small", known[0], 1000, 0);
    change("bad flags", known[0], 65536, 77);
    change("SS_ONSTACK", known[0], 65536, SS_ONSTACK);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGSEGV);
    raise(SIGTERM);
    raise(SIGUSR1);
    change("autodisarm", known[0], 65536, (int) (1u << 31));
    raise(SIGSEGV);
    change("disable", NULL, 0, SS_DISABLE);
    raise(SIGSEGV);
    raise(SIGUSR1);
    change("disable again", NULL, 0, SS_DISABLE);
    change("back", known[1], 65536, 0);
    struct sigstack wanted = {known[2], 0}, old = {NULL, 0};
    printf("sigstack: %d", sigstack(&wanted, &old));
    printf(" was %d %d\n", which(old.ss_sp), old.ss_onstack);
    printf("sigstack: %d", sigstack(NULL, &old));
    printf(" is %d %d\n", which(old.ss_sp), old.ss_onstack);
    change("after sigstack", known[0], 65536, 0);
}

static void *in_thread(void *unused) {
    all();
    return NULL;
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 3; i++)
        known[i] = malloc(65536);
    all();
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    return 0;
}
