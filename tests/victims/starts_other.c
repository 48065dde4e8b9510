/* Starts the program that it is told of in the way that it is told, and says how it ended. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void become(const char *how, char **words) {
    if (strcmp(how, "execve") == 0)
        execve(words[0], words, environ);
    if (strcmp(how, "execvp") == 0)
        execvp(strrchr(words[0], '/') + 1, words);
    if (strcmp(how, "execl") == 0)
        execl(words[0], words[0], (char *) NULL);
    if (strcmp(how, "fexecve") == 0)
        fexecve(open(words[0], O_RDONLY | O_CLOEXEC), words, environ);
    _exit(126);
}

int main(int argc, char **argv) {
    char path[4096];
    const char *how = argv[1];
    char **words = argv + 2;
    pid_t child = 0;
    int status;
    snprintf(path, sizeof path, "%.*s", (int) (strrchr(words[0], '/') - words[0]), words[0]);
    setenv("PATH", path, 1);
    if (strcmp(how, "spawn") == 0)
        posix_spawn(&child, words[0], NULL, NULL, words, environ);
    else if (strcmp(how, "spawnp") == 0)
        posix_spawnp(&child, strrchr(words[0], '/') + 1, NULL, NULL, words, environ);
    else if (strcmp(how, "vfork") == 0 && (child = vfork()) == 0)
        become("execve", words);
    else if (child == 0 && (child = fork()) == 0)
        become(how, words);
    waitpid(child, &status, 0);
    printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return 0;
}
