/* A limit, named with its value, is set; then a crash, an abort, a stack overflow in a thread, or an end without one. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int descend(int depth) {
    volatile char room[400];
    room[0] = (char) depth;
    return descend(depth + 1) + room[0];
}

static void *overflow(void *unused) {
    return (void *) (long) descend(0);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int number;
    } limits[] = {{"nofile", RLIMIT_NOFILE},         {"as", RLIMIT_AS},     {"fsize", RLIMIT_FSIZE},
                  {"nproc", RLIMIT_NPROC},           {"data", RLIMIT_DATA}, {"stack", RLIMIT_STACK},
                  {"sigpending", RLIMIT_SIGPENDING}, {"core", RLIMIT_CORE}, {"memlock", RLIMIT_MEMLOCK}};
    struct rlimit limit = {strtoul(argv[2], NULL, 10), strtoul(argv[2], NULL, 10)};
    pthread_t thread;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (strcmp(argv[1], limits[i].name) == 0 && setrlimit(limits[i].number, &limit) != 0)
            perror("setrlimit");
    if (strcmp(argv[3], "fault") == 0)
        fault_here();
    if (strcmp(argv[3], "abort") == 0)
        abort();
    if (strcmp(argv[3], "overflow") == 0 && pthread_create(&thread, NULL, overflow, NULL) == 0)
        pthread_join(thread, NULL);
    return 5;
}
