/* A timer goes off while the program is, nearly all the time, in qmon_report, and its handler crashes. */
#include <qmon/qmon.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/time.h>

void fault_in_handler(int signal) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    const struct itimerval soon = {{0, 0}, {0, 3000}};
    signal(SIGALRM, fault_in_handler);
    setitimer(ITIMER_REAL, &soon, NULL);
    for (int i = 0;; i++)
        qmon_report("busy", "/endpoint", "somebody", "one of many", NULL);
}
