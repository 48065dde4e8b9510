/* A program that execs itself five times and then ends as it is told: by a status, or a crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_at_last(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    int left = argc > 2 ? atoi(argv[2]) : 5;
    char text[16];
    printf("%d left, pid kept\n", left);
    fflush(stdout);
    if (left > 0) {
        snprintf(text, sizeof text, "%d", left - 1);
        execl("/proc/self/exe", argv[0], argv[1], text, NULL);
    }
    if (strcmp(argv[1], "crash") == 0)
        fault_at_last();
    return atoi(argv[1]);
}
