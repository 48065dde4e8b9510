/* A subreaper, of children that were made before it became one and after. Descendants of the second and third generation crash,
 * by way of a shell too, and report errors; it reaps all that come to it, and must see no other. */
#include <errno.h>
#include <qmon/qmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_grandchild(void) {
    *(volatile int *) 4 = 1;
}

static void grow(int generations) {
    if (generations == 0) {
        qmon_report("unhappy", NULL, NULL, "before the end", NULL);
        fault_in_grandchild();
    }
    if (fork() == 0)
        grow(generations - 1);
    wait(NULL);
    _exit(0);
}

int main(int argc, char **argv) {
    int reaped = 0, late = 0, gate[2];
    char letter;
    if (argc > 1 && argv[1][0] == 'e') {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        execl("/proc/self/exe", argv[0], "again", NULL);
    }
    if (pipe(gate) != 0)
        return 1;
    if (fork() == 0) { /* made before */
        close(gate[1]);
        (void) !read(gate[0], &letter, 1);
        grow(1);
    }
    if (argc == 1)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    close(gate[0]);
    close(gate[1]);
    if (fork() == 0)
        grow(2);
    if (fork() == 0)
        execl("/bin/sh", "sh", "-c", "kill -SEGV $$", NULL);
    if (fork() == 0) { /* leaves an orphan behind, which is for the subreaper to reap */
        if (fork() == 0)
            usleep(20000);
        _exit(0);
    }
    while (wait(NULL) > 0)
        reaped++;
    for (int i = 0; i < 30; i++) {
        late += waitpid(-1, NULL, WNOHANG) != -1;
        usleep(10000);
    }
    printf("%d reaped, then %d\n", reaped, late);
    return 0;
}
