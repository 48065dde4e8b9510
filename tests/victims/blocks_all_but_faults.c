/* Everything is blocked but the fault signals, as runtimes do it in threads of their own: faults are handled, or not; real-time
 * signals wait. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigjmp_buf way_out;
static volatile int handled;

static void leave(int number) {
    handled++;
    siglongjmp(way_out, 1);
}

static void count(int number) {
    handled++;
    printf("handler of %d\n", number);
}

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static void show(const char *what) {
    sigset_t now, waiting;
    unsigned long words[2];
    sigprocmask(SIG_BLOCK, NULL, &now);
    sigpending(&waiting);
    memcpy(&words[0], &now, sizeof words[0]);
    memcpy(&words[1], &waiting, sizeof words[1]);
    printf("%s: blocked %016lx, pending %016lx\n", what, words[0], words[1]);
}

static void block(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    sigset_t set;
    sigfillset(&set);
    for (int i = 0; i < 6; i++)
        sigdelset(&set, faults[i]);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void recover(void) {
    signal(SIGSEGV, leave);
    for (int i = 0; i < 100; i++)
        if (sigsetjmp(way_out, 1) == 0)
            fault_here();
    printf("%d handled\n", handled);
    show("after the faults");
}

static void *in_thread(void *unused) {
    show("thread");
    recover();
    return NULL;
}

static void send_and_take(void) {
    for (int number = 40; number <= 47; number++) {
        siginfo_t info;
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        sigqueue(getpid(), number, (union sigval){.sival_int = number});
        kill(getpid(), number);
        show("sent");
        printf("took %d", sigwaitinfo(&one, &info));
        printf(" value %d code %d, took %d", info.si_value.sival_int, info.si_code, sigwaitinfo(&one, &info));
        printf(" code %d self %d\n", info.si_code, info.si_pid == getpid());
        show("taken");
    }
}

static void send_and_unblock(void) {
    for (int number = 40; number <= 47; number++) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        signal(number, count);
        raise(number);
        show("sent");
        sigprocmask(SIG_UNBLOCK, &one, NULL);
        show("unblocked");
        raise(number);
        sigprocmask(SIG_BLOCK, &one, NULL);
        show("blocked");
    }
}

int main(int argc, char **argv) {
    pthread_t thread;
    setvbuf(stdout, NULL, _IONBF, 0);
    show("start");
    block();
    show("all but faults");
    if (strcmp(argv[1], "recover") == 0) {
        recover();
        pthread_create(&thread, NULL, in_thread, NULL);
        pthread_join(thread, NULL);
    } else if (strcmp(argv[1], "fault") == 0) {
        fault_here();
    } else {
        send_and_take();
        send_and_unblock();
        recover();
    }
    return 0;
}
