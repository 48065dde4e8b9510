/* Every way in which exec can fail; the program goes on, and crashes in the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    char *arguments[] = {"x", NULL}, *empty[] = {NULL};
    char *long_name = malloc(5000);
    memset(long_name, 'a', 4999);
    long_name[4999] = '\0';
    int fd = open("text", O_CREAT | O_WRONLY, 0755);
    write(fd, "\x01\x02", 2);
    close(fd);
    mkdir("directory", 0755);
    close(open("plain", O_CREAT | O_WRONLY, 0644));
    char **many = calloc(300001, sizeof *many);
    for (int i = 0; i < 300000; i++)
        many[i] = "argument argument argument";
#define TRY(call) errno = 0, printf("%d", call), printf(" %d " #call "\n", errno)
    TRY(execv("/no/such/file", arguments));
    TRY(execv("text", arguments));
    TRY(execv("directory", arguments));
    TRY(execv("plain", arguments));
    TRY(execv("plain/below", arguments));
    TRY(execv("", arguments));
    TRY(execv(long_name, arguments));
    TRY(execv("/bin/true", many));
    TRY(execve((char *) 8, arguments, arguments));
    TRY(execve("/bin/true", (char **) 8, arguments));
    TRY(execvp("no-such-file-in-path", arguments));
    TRY(execvp("", arguments));
    TRY(execvp(long_name, arguments));
    TRY(execvp("./plain", arguments));
    TRY(execl("/no/such/file", "x", NULL));
    TRY(execlp("no-such-file-in-path", "x", NULL));
    TRY(execle("/no/such/file", "x", NULL, arguments));
    TRY(fexecve(-1, arguments, arguments));
    TRY(fexecve(0, arguments, arguments));
    TRY(fexecve(99, arguments, arguments));
    TRY(execveat(AT_FDCWD, "no-such-file", arguments, arguments, 0));
    TRY(execveat(99, "x", arguments, arguments, 0));
    setenv("PATH", "/no/such:directory:plain", 1);
    TRY(execvp("x", arguments));
    unsetenv("PATH");
    TRY(execvp("no-such-file-in-path", arguments));
    fflush(stdout);
    fault_here();
    return 0;
}
