/* Every form of exec, each in a child: the arguments, the environment and the search along PATH are as they should be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void script(const char *path, const char *text) {
    int fd = open(path, O_CREAT | O_WRONLY, 0755);
    write(fd, text, strlen(text));
    close(fd);
}

static void child(int form) {
    char *arguments[] = {"sh", "-c", "echo $0 $1 $# $EXTRA", "zero", "one", "two", NULL};
    char *scripted[] = {"script", "one", "two words", NULL};
    char *environment[] = {"EXTRA=more", "PATH=/bin:/usr/bin", NULL};
    switch (form) {
    case 0:
        execv("/bin/sh", arguments);
        break;
    case 1:
        execve("/bin/sh", arguments, environment);
        break;
    case 2:
        execvp("sh", arguments);
        break;
    case 3:
        execvpe("sh", arguments, environment);
        break;
    case 4:
        execl("/bin/sh", "sh", "-c", "echo l $0 $1", "zero", "one", NULL);
        break;
    case 5:
        execlp("sh", "sh", "-c", "echo lp $0 $1", "zero", "one", NULL);
        break;
    case 6:
        execle("/bin/sh", "sh", "-c", "echo le $0 $EXTRA", "zero", NULL, environment);
        break;
    case 7:
        fexecve(open("/bin/sh", O_RDONLY | O_CLOEXEC), arguments, environment);
        break;
    case 8:
        execveat(open("/bin", O_PATH), "sh", arguments, environment, 0);
        break;
    case 9:
        execvp("with-shebang", scripted);
        break;
    case 10:
        execvp("without-shebang", scripted);
        break;
    case 11:
        execvp("./without-shebang", scripted);
        break;
    case 12:
        execv("./without-shebang", scripted);
        break;
    case 13:
        execlp("without-shebang", "script", "alone", NULL);
        break;
    case 14:
        execvp("in-second", scripted);
        break;
    }
    printf("failed %d\n", errno);
    fflush(stdout);
    _exit(1);
}

int main(void) {
    int status;
    mkdir("first", 0755);
    mkdir("second", 0755);
    script("with-shebang", "#!/bin/sh\necho shebang $# \"$1\" \"$2\"\n");
    script("without-shebang", "echo none $# \"$1\" \"$2\"\n");
    script("second/in-second", "#!/bin/sh\necho second\n");
    script("first/in-second", "#!/bin/sh\necho first\n");
    chmod("first/in-second", 0644);
    setenv("PATH", "/no/such::first:second:/bin:/usr/bin", 1);
    setenv("EXTRA", "own", 1);
    for (int form = 0; form < 15; form++) {
        pid_t pid = fork();
        if (pid == 0)
            child(form);
        waitpid(pid, &status, 0);
        printf("%d: %x\n", form, status);
        fflush(stdout);
    }
    return 0;
}
