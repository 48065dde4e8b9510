/*
 * Counts its own threads as /proc shows them: none is the agent's at the start; one may be there while errors that it reports are taken
 * out; then none again. Every one that is not the program's blocks all signals. "unshare", "setns" and "fork" ask for what cannot be had
 * with a second thread, while reports are under way.
 */
#include <dirent.h>
#include <fcntl.h>
#include <qmon/qmon.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many there are besides this one; *ret_open is how many of those do not block all that can be blocked. */
static int others(int *ret_open) {
    int count = 0;
    const struct dirent *entry;
    DIR *directory = opendir("/proc/self/task");
    *ret_open = 0;
    while ((entry = readdir(directory)) != NULL) {
        char path[300], text[4096];
        unsigned long long blocked = 0;
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        int fd = open(path, O_RDONLY);
        ssize_t bytes = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
        close(fd);
        if (bytes <= 0)
            continue; /* gone meanwhile */
        text[bytes] = '\0';
        count++;
        sscanf(strstr(text, "SigBlk:"), "SigBlk:\t%llx", &blocked);
        *ret_open += (blocked | 1ull << 8 | 1ull << 18) != ~0ull; /* SIGKILL and SIGSTOP */
    }
    closedir(directory);
    return count;
}

static void report(int number) {
    char message[64];
    const char *extras[] = {NULL};
    snprintf(message, sizeof message, "report %d", number);
    qmon_report("watched", "/here", "me", message, extras);
}

static int ask(const char *what) {
    int status = 0;
    if (strcmp(what, "unshare") == 0)
        return unshare(CLONE_NEWUSER);
    if (strcmp(what, "setns") == 0) {
        int fd = open("/proc/self/ns/mnt", O_RDONLY);
        return setns(fd, CLONE_NEWNS);
    }
    if (strcmp(what, "fork") == 0) {
        int open_ones;
        pid_t child = fork();
        if (child == 0)
            _exit(others(&open_ones));
        waitpid(child, &status, 0);
    }
    return status;
}

int main(int argc, char **argv) {
    int most = 0, open_ones = 0, bad = 0, left = 0;
    printf("%d at the start\n", others(&open_ones));
    for (int i = 0; i < 5; i++) {
        report(i);
        for (int look = 0; look < 20; look++) {
            int now = others(&open_ones);
            most = now > most ? now : most;
            bad += open_ones;
            usleep(200);
        }
    }
    if (argc > 1)
        printf("%s: %d\n", argv[1], ask(argv[1]));
    for (int i = 0; i < 1000 && (left = others(&open_ones)) > 0; i++)
        usleep(10000);
    printf("%s, %d of them open to signals, %d left\n", most <= 1 ? "one at most" : "more than one", bad, left);
    report(6); /* and the process ends while there is work */
    return 0;
}
