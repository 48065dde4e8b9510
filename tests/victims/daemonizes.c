/* A daemon of the old kind: forks twice, a session of its own, closes every descriptor, works in /, and crashes or ends well
 * after a while. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fault_in_daemon(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    if (fork() > 0)
        _exit(0);
    setsid();
    if (fork() > 0)
        _exit(0);
    umask(0);
    chdir("/");
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    usleep(100000);
    if (strcmp(argv[1], "crash") == 0)
        fault_in_daemon();
    return 0;
}
