/* The mask by functions of old: sigpause in both its forms, siggetmask, sigblock, sigsetmask, sighold, sigrelse, with fault signals. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int bsd_sigpause(int mask) __asm__("sigpause");
int __sigpause(int signal_or_mask, int is_signal);
int __xpg_sigpause(int signal);

static void handler(int number) {
    printf("handler of %d, %08x\n", number, siggetmask());
}

static void later(int number) {
    pid_t parent = getpid();
    if (fork() == 0) {
        usleep(20000);
        kill(parent, number);
        _exit(0);
    }
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    signal(SIGSEGV, handler);
    signal(SIGALRM, handler);
    signal(SIGCHLD, SIG_IGN);
    printf("%08x\n", sigblock(sigmask(SIGSEGV) | sigmask(SIGALRM)));
    printf("%08x\n", siggetmask());
    raise(SIGSEGV);
    printf("xpg %d %d\n", __xpg_sigpause(SIGSEGV), errno);
    later(SIGSEGV);
    printf("xpg %d %d\n", __xpg_sigpause(SIGSEGV), errno);
    later(SIGALRM);
    printf("bsd %d %d\n", bsd_sigpause(sigmask(SIGSEGV)), errno);
    later(SIGSEGV);
    printf("bsd %d %d\n", __sigpause(sigmask(SIGALRM), 0), errno);
    later(SIGSEGV);
    printf("x/open %d %d\n", __sigpause(SIGSEGV, 1), errno);
    printf("%08x\n", sigsetmask(0));
    sighold(SIGSEGV);
    raise(SIGSEGV);
    printf("%08x\n", siggetmask());
    sigrelse(SIGSEGV);
    printf("%08x\n", siggetmask());
    return 0;
}
