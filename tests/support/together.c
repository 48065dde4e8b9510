#include "together.h"

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for_end_of(int fd) {
    char byte;

    while (read(fd, &byte, 1) > 0)
        continue;
}

void run_together(unsigned count, int (*body)(unsigned number, void *context), void *context, int *ret_results) {
    int gate[2], ready[2];
    pid_t children[TOGETHER_MAX];

    cr_assert_leq(count, TOGETHER_MAX);
    cr_assert_eq(pipe(gate), 0);
    cr_assert_eq(pipe(ready), 0);
    for (unsigned i = 0; i < count; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            close(gate[1]);
            close(ready[0]);
            close(ready[1]); /* when the last of them has done this, all are there */
            wait_for_end_of(gate[0]);
            _exit(body(i, context));
        }
        cr_assert_gt(children[i], 0);
    }
    close(ready[1]);
    wait_for_end_of(ready[0]);
    close(ready[0]);
    close(gate[0]);
    close(gate[1]);
    for (unsigned i = 0; i < count; i++) {
        int status = 0;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        ret_results[i] = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
}
