/* victim: -lpthread */
/*
 * Reports errors, and forks while some of them wait in the ring, or while another thread reports: the child reports one of its own, and
 * ends well or crashes. forks_with_reports REPORTS [thread] [crash]
 */
#include <pthread.h>
#include <qmon/qmon.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

static void report(const char *code, int number) {
    char message[64];
    const char *extras[] = {NULL};
    snprintf(message, sizeof message, "report %d", number);
    qmon_report(code, "/here", "me", message, extras);
}

static int wanted;

static void *report_all(void *unused) {
    for (int i = 0; i < wanted; i++)
        report("while-forking", i);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    int status, threaded = argc > 2 && strcmp(argv[2], "thread") == 0, crash = strcmp(argv[argc - 1], "crash") == 0;
    if (qmon_report == NULL) {
        printf("0\n");
        return 0;
    }
    wanted = atoi(argv[1]);
    if (threaded)
        pthread_create(&thread, NULL, report_all, NULL);
    else
        report_all(NULL);
    const pid_t child = fork();
    if (child == 0) {
        report("while-forking", -1);
        if (crash)
            fault_in_child();
        return 0;
    }
    waitpid(child, &status, 0);
    if (threaded)
        pthread_join(thread, NULL);
    printf("0\n");
    return 0;
}
