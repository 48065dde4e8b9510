/* What a program sees of its descriptors: the next one free is 3, in a constructor too; /proc/self/fd shows its own alone. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int first;

__attribute__((constructor)) static void construct(void) {
    first = open("/dev/null", O_RDONLY);
}

static void list(const char *when) {
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    int sum = 0, count = 0;
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.') {
            sum += atoi(entry->d_name);
            count++;
        }
    closedir(directory);
    printf("%s: %d descriptors, sum %d\n", when, count, sum);
}

static void *work(void *unused) {
    list("in a thread");
    return NULL;
}

int main(void) {
    pthread_t thread;
    int ends[2];
    pipe(ends);
    printf("first %d, pipe %d %d, dup %d\n", first, ends[0], ends[1], dup(0));
    list("main");
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    system("ls /proc/self/fd | wc -l");
    list("after system");
    usleep(50000);
    list("later");
    return 0;
}
