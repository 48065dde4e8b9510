/*
 * A child exits, and libc writes what is left of its output to a pipe that is full; there it is killed. With an argument the child
 * has run another child before, and its end is a failure. Prints how it ended.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool waits_to_write(pid_t child) {
    char path[32], line[256];
    snprintf(path, sizeof path, "/proc/%d/syscall", (int) child);
    FILE *file = fopen(path, "r");
    const bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL)
        fclose(file);
    int number = -1;
    unsigned descriptor = 0;
    return read && sscanf(line, "%d 0x%x", &number, &descriptor) == 2 && descriptor == STDOUT_FILENO;
}

static void fill(int descriptor) {
    static const char block[4096];
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    while (write(descriptor, block, sizeof block) > 0) {
    }
    fcntl(descriptor, F_SETFL, 0);
}

int main(int argc, char **argv) {
    int ends[2], status = 0;
    (void) argv;
    if (pipe(ends) != 0)
        return 1;
    fill(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
        const pid_t below = argc > 1 ? fork() : -1;
        if (below == 0)
            _exit(0);
        if (below > 0)
            waitpid(below, &status, 0);
        dup2(ends[1], STDOUT_FILENO);
        printf("the last words");
        exit(below > 0 ? 3 : 0);
    }
    while (!waits_to_write(child))
        usleep(1000);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    return 0;
}
