/* Masks: what is blocked, with fault signals among them, by every function there is for it, in two threads and a handler. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static void print(const char *what) {
    sigset_t set;
    unsigned long words[16];
    memset(&set, 0xff, sizeof set);
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    memcpy(words, &set, sizeof words);
    printf("%s: %016lx %016lx %016lx\n", what, words[0], words[1], words[15]);
}

static void change(const char *what, int how, const sigset_t *set) {
    sigset_t old;
    unsigned long words[16];
    memset(&old, 0xff, sizeof old);
    errno = 0;
    int result = sigprocmask(how, set, &old), error = errno;
    memcpy(words, &old, sizeof words);
    printf("%s: %d %d was %016lx %016lx\n", what, result, error, words[0], words[1]);
    print(what);
    printf("%d\n", pthread_sigmask(how, set, NULL));
}

static void *in_thread(void *unused) {
    sigset_t set;
    print("thread");
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    change("thread unblocks", SIG_UNBLOCK, &set);
    return NULL;
}

static void handler(int number, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    unsigned long interrupted;
    memcpy(&interrupted, &uc->uc_sigmask, sizeof interrupted);
    printf("handler of %d, interrupted %016lx\n", number, interrupted);
    print("in the handler");
}

static void handle(int number, int flags, int masked) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    if (masked > 0)
        sigaddset(&action.sa_mask, masked);
    if (masked < 0)
        sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
    raise(number);
    print("after the handler");
}

int main(void) {
    sigset_t set, faults;
    pthread_t thread;
    print("start");
    for (int number = 1; number <= 64; number++) {
        sigemptyset(&set);
        sigaddset(&set, number);
        sigprocmask(SIG_SETMASK, &set, NULL);
        print("one");
    }
    sigfillset(&set);
    change("all", SIG_SETMASK, &set);
    sigemptyset(&set);
    change("none", SIG_SETMASK, &set);
    change("bad how", 17, &set);
    change("bad how, no set", 17, NULL);
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    sigaddset(&faults, SIGUSR2);
    change("faults", SIG_BLOCK, &faults);
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    print("after the thread");
    static const int numbers[] = {SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGTERM, SIGUSR1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        handle(numbers[i], 0, 0);
        handle(numbers[i], SA_NODEFER, SIGSYS);
        handle(numbers[i], 0, -1);
        handle(numbers[i], SA_RESETHAND, SIGTERM);
    }
    return 0;
}
