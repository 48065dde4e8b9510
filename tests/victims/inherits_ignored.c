/* Started with signals ignored, as by nohup: they stay so in what is started from here, and sending them does nothing. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGSEGV, SIGABRT, SIGUSR1, SIGXFSZ, 40};
    struct sigaction action;
    if (argc == 1) {
        for (int i = 0; i < 10; i++)
            signal(numbers[i], SIG_IGN);
        execl("/proc/self/exe", argv[0], "again", NULL);
        return 1;
    }
    for (int i = 0; i < 10; i++) {
        sigaction(numbers[i], NULL, &action);
        printf("%d: ignored %d flags %x\n", numbers[i], action.sa_handler == SIG_IGN, action.sa_flags);
        raise(numbers[i]);
    }
    printf("still here\n");
    return 0;
}
