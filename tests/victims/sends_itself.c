/* A signal, named by number, that the program sends itself: by kill, raise, tgkill, sigqueue or pthread_kill. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void send_signal(const char *how, int number) {
    if (strcmp(how, "kill") == 0)
        kill(getpid(), number);
    else if (strcmp(how, "raise") == 0)
        raise(number);
    else if (strcmp(how, "tgkill") == 0)
        syscall(SYS_tgkill, getpid(), gettid(), number);
    else if (strcmp(how, "sigqueue") == 0)
        sigqueue(getpid(), number, (union sigval){.sival_int = 7});
    else if (strcmp(how, "pthread_kill") == 0)
        pthread_kill(pthread_self(), number);
    else if (strcmp(how, "kill0") == 0)
        kill(0, number);
}

int main(int argc, char **argv) {
    send_signal(argv[1], atoi(argv[2]));
    pause();
    return 0;
}
