/* Twenty children at once; every fourth crashes, one exits with 3, the rest end well. The parent waits for whatever there is. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    int crashed = 0, failed = 0, well = 0, other = 0, status;
    pid_t children[20], pid;
    for (int i = 0; i < 20; i++)
        if ((children[i] = fork()) == 0) {
            if (i % 4 == 0)
                fault_in_child();
            _exit(i == 1 ? 3 : 0);
        }
    while ((pid = wait(&status)) > 0 || errno == EINTR) {
        int known = 0;
        for (int i = 0; i < 20; i++)
            known |= children[i] == pid;
        other += !known;
        crashed += WIFSIGNALED(status);
        failed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
        well += status == 0;
    }
    printf("%d crashed, %d failed, %d well, %d unknown\n", crashed, failed, well, other);
    return 0;
}
