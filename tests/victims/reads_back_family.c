/* signal() and its relatives, each followed by what sigaction says of it. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

void (*bsd_signal(int, void (*)(int)))(int);
void (*sysv_signal(int, void (*)(int)))(int);
void (*__sysv_signal(int, void (*)(int)))(int);
void (*sigset(int, void (*)(int)))(int);
int sighold(int), sigrelse(int), sigignore(int), siginterrupt(int, int), sigpause(int);

/* Old programs ask for it by this version; new ones cannot. Other machines than x86-64 never had it. */
struct vec {
    void (*handler)(int);
    int mask, flags;
};
#ifdef __x86_64__
int old_sigvec(int, const struct vec *, struct vec *);
__asm__(".symver old_sigvec, sigvec@GLIBC_2.2.5");
#endif

static void handler(int number) {
}

static const char *name_of(void (*what)(int)) {
    if (what == SIG_DFL)
        return "default";
    if (what == SIG_IGN)
        return "ignore";
    if (what == SIG_ERR)
        return "error";
    if (what == SIG_HOLD)
        return "hold";
    return what == handler ? "handler" : "other";
}

static void now(const char *what, int number) {
    struct sigaction action;
    unsigned long mask = 0;
    sigset_t blocked;
    int saved = errno;
    memset(&action, 0, sizeof action);
    sigaction(number, NULL, &action);
    memcpy(&mask, &action.sa_mask, sizeof mask);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("%s %d: %s %x %lx blocked %d errno %d\n", what, number, name_of(action.sa_handler), action.sa_flags, mask,
           sigismember(&blocked, number), saved);
    errno = 0;
}

static void try(int number) {
    printf("%s\n", name_of(signal(number, handler))), now("signal", number);
    printf("%s\n", name_of(signal(number, SIG_IGN))), now("signal", number);
    printf("%s\n", name_of(bsd_signal(number, handler))), now("bsd_signal", number);
    printf("%s\n", name_of(ssignal(number, SIG_DFL))), now("ssignal", number);
    printf("%s\n", name_of(sysv_signal(number, handler))), now("sysv_signal", number);
    printf("%s\n", name_of(__sysv_signal(number, SIG_IGN))), now("__sysv_signal", number);
    printf("%s\n", name_of(sigset(number, handler))), now("sigset", number);
    printf("%s\n", name_of(sigset(number, SIG_HOLD))), now("sigset", number);
    printf("%s\n", name_of(sigset(number, SIG_HOLD))), now("sigset", number);
    printf("%s\n", name_of(sigset(number, SIG_DFL))), now("sigset", number);
    printf("%d\n", sigignore(number)), now("sigignore", number);
    printf("%d\n", siginterrupt(number, 1)), now("siginterrupt", number);
    printf("%s\n", name_of(signal(number, handler))), now("signal", number);
    printf("%d\n", siginterrupt(number, 0)), now("siginterrupt", number);
    printf("%s\n", name_of(signal(number, handler))), now("signal", number);
    printf("%d\n", sighold(number)), now("sighold", number);
    printf("%d\n", sigrelse(number)), now("sigrelse", number);
    printf("%s\n", name_of(signal(number, SIG_ERR))), now("signal", number);
    printf("%s\n", name_of(signal(number, SIG_DFL))), now("signal", number);
}

#ifdef __x86_64__
static void try_vec(int number) {
    for (int flags = 0; flags < 16; flags++) {
        const struct vec wanted = {flags == 15 ? SIG_DFL : handler, flags % 2 ? -1 : 4, flags};
        struct vec old = {0};
        const int result = old_sigvec(number, &wanted, &old);
        printf("sigvec %d %s %x %x\n", result, name_of(old.handler), old.mask, old.flags);
        now("sigvec", number);
    }
    printf("%d %d\n", old_sigvec(number, NULL, NULL), old_sigvec(0, NULL, NULL));
}
#endif

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS,  SIGABRT, SIGTRAP, SIGTERM, SIGINT, SIGUSR1, SIGCHLD, SIGWINCH,
                                  35,      SIGKILL, SIGSTOP, 0,       -3,      32,     33,      65,      100};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        try(numbers[i]);
#ifdef __x86_64__
    try_vec(SIGSEGV);
    try_vec(SIGTERM);
#endif
    printf("%x\n", sigblock(sigmask(SIGSEGV) | sigmask(SIGUSR1)));
    now("sigblock", SIGSEGV);
    printf("%x\n", sigsetmask(sigmask(SIGTERM)));
    now("sigsetmask", SIGSEGV);
    printf("%x\n", siggetmask());
    return 0;
}
