/* errno is left alone by every call that succeeds, and is what the call says where it fails. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int siginterrupt(int, int), sighold(int), sigrelse(int), sigignore(int);

static void *nothing(void *unused) {
    return NULL;
}

static void handler(int number) {
}

int main(void) {
    struct sigaction action = {.sa_handler = handler}, old;
    char *arguments[] = {"true", NULL};
    pthread_t thread;
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigset_t set;
    pid_t child;
    sigemptyset(&set);
#define TRY(call) errno = 77, printf("%d", (int) (long) (call)), printf(" errno %d " #call "\n", errno)
    TRY(sigaction(SIGSEGV, &action, &old));
    TRY(sigaction(SIGUSR1, &action, &old));
    TRY(sigaction(SIGKILL, &action, &old));
    TRY(sigaction(99, &action, &old));
    TRY(sigaction(32, &action, &old));
    TRY(signal(SIGBUS, SIG_DFL) == SIG_ERR);
    TRY(signal(-1, SIG_DFL) == SIG_ERR);
    TRY(siginterrupt(SIGTERM, 1));
    TRY(sighold(SIGSEGV));
    TRY(sigrelse(SIGSEGV));
    TRY(sigrelse(0));
    TRY(sigignore(SIGBUS));
    TRY(sigprocmask(SIG_BLOCK, &set, NULL));
    TRY(sigprocmask(99, &set, NULL));
    TRY(pthread_sigmask(SIG_BLOCK, &set, NULL));
    TRY(pthread_sigmask(99, &set, NULL));
    TRY(sigaltstack(&stack, NULL));
    TRY(sigaltstack(NULL, NULL));
    TRY(raise(SIGSEGV));
    TRY(pthread_create(&thread, NULL, nothing, NULL));
    TRY(pthread_join(thread, NULL));
    TRY(posix_spawnp(&child, "true", NULL, NULL, arguments, arguments + 1));
    TRY(waitpid(child, NULL, 0) == child);
    TRY(posix_spawn(&child, "/no/such", NULL, NULL, arguments, arguments + 1));
    TRY(execl("/no/such", "x", NULL));
    TRY(unshare(0));
    TRY(setns(0, 0));
    fflush(stdout);
    errno = 77;
    child = fork();
    if (child == 0) {
        printf("child errno %d\n", errno);
        fflush(stdout);
        _exit(0);
    }
    int kept = errno;
    waitpid(child, NULL, 0);
    printf("parent errno %d\n", kept);
    return 0;
}
