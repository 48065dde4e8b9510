/* Everything sigaction can be told, read back, for every signal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void first(int number) {
}
static void second(int number, siginfo_t *info, void *context) {
}

static const char *name_of(const struct sigaction *action) {
    if (action->sa_handler == SIG_DFL)
        return "default";
    if (action->sa_handler == SIG_IGN)
        return "ignore";
    if (action->sa_handler == first)
        return "first";
    return action->sa_sigaction == second ? "second" : "other";
}

static void print(const struct sigaction *action) {
    unsigned long mask; /* 64 signals; what glibc leaves in the rest of a sigset_t is what its stack held */
    memcpy(&mask, &action->sa_mask, sizeof mask);
    printf(" %s %x %lx restorer %d;", name_of(action), action->sa_flags, mask, action->sa_restorer != NULL);
}

static void set(int number, void *handler, int flags, int masked) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old, now;
    if (masked == 1)
        sigfillset(&action.sa_mask);
    else if (masked > 1)
        sigaddset(&action.sa_mask, masked);
    memset(&old, 0x5a, sizeof old);
    errno = 0;
    int result = sigaction(number, &action, &old);
    printf("%d: %d %d", number, result, errno);
    if (result == 0) {
        print(&old);
        sigaction(number, NULL, &now);
        print(&now);
    }
    printf("\n");
}

int main(void) {
    static const int flags[] = {0,
                                SA_SIGINFO,
                                SA_ONSTACK,
                                SA_RESTART,
                                SA_NODEFER,
                                (int) SA_RESETHAND,
                                SA_NOCLDSTOP,
                                SA_NOCLDWAIT,
                                SA_INTERRUPT,
                                0x400,
                                0x800,
                                0x40,
                                (int) 0xffffffff,
                                SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER};
    for (int number = -1; number <= 66; number++) {
        set(number, SIG_DFL, 0, 0);
        set(number, SIG_IGN, SA_RESTART, 0);
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
            set(number, flags[i] & SA_SIGINFO ? (void *) second : (void *) first, flags[i], i % 3 == 1 ? 1 : (int) i);
        set(number, SIG_DFL, SA_NODEFER, 1);
        set(number, (void *) 2, 0, 0);
        set(number, SIG_DFL, 0, 0);
    }
    return 0;
}
