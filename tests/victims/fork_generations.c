/* Each child forks the next; the eighth crashes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_at_last(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    int status = 0;
    for (int i = 0; i < 8; i++) {
        pid_t child = fork();
        if (child > 0) {
            waitpid(child, &status, 0);
            if (i == 7)
                printf("the last: %x\n", status);
            return 0;
        }
    }
    fault_at_last();
    return 0;
}
