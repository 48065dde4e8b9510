/* A program does one thing after another, and is killed, or crashes. What it opens lies where its own RUNPATH says: that is
 * searched for libraries that the program itself opens, not for those that somebody opens on its behalf. */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/qmon.h>

static sigjmp_buf back;

static void recover(int signal) {
    siglongjmp(back, signal);
}

int main(int argc, char **argv) {
    printf("opened %d\n", dlopen("libsymbols.so", RTLD_NOW) != NULL);
    fflush(stdout);
    signal(SIGSEGV, recover);
    for (int i = 0; i < 12; i++)
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *) 8 = 1;
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    qmon_breadcrumb("about to end");
    if (argc > 1 && strcmp(argv[1], "kill") == 0)
        kill(getpid(), SIGKILL);
    signal(SIGSEGV, SIG_DFL);
    *(volatile int *) 8 = 1;
    return 0;
}
