/* A daemon of the old kind: forks twice, a session of its own, closes every descriptor, works in /, and crashes or ends with a status
 * after a while, or as soon as those who made it are gone. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fault_in_daemon(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    const pid_t first = getpid();
    if (fork() > 0)
        _exit(0);
    while (getppid() == first)
        usleep(50);
    setsid();
    const pid_t second = getpid();
    if (fork() > 0)
        _exit(0);
    while (getppid() == second)
        usleep(50);
    umask(0);
    chdir("/");
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    usleep(argc > 2 ? (useconds_t) atoi(argv[2]) : 100000);
    if (strcmp(argv[1], "crash") == 0)
        fault_in_daemon();
    return atoi(argv[1]);
}
