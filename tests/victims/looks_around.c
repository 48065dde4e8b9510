/* What a program finds in /proc about itself, at once and a little later: threads, children, others in its group and session. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int entries(const char *path) {
    DIR *directory = opendir(path);
    int count = 0;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 2;
}

static void look(const char *when) {
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    int group = 0, session = 0, children = 0;
    while ((entry = readdir(processes)) != NULL) {
        char path[300], text[1024] = "";
        int parent, other_group, other_session;
        if (!isdigit((unsigned char) entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        fgets(text, sizeof text, file);
        fclose(file);
        char *end = strrchr(text, ')');
        if (end == NULL || sscanf(end + 1, " %*c %d %d %d", &parent, &other_group, &other_session) != 3)
            continue;
        group += other_group == getpgrp();
        children += parent == getpid();
        session += other_session == getsid(0) && parent == getpid();
    }
    closedir(processes);
    printf("%s: %d threads, %d in the group, %d children, %d of them in the session\n", when,
           entries("/proc/self/task"), group, children, session);
}

int main(void) {
    look("at once");
    usleep(50000);
    look("later");
    return 0;
}
