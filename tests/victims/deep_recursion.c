/* 100000 frames deep, then a fault. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int at_bottom(int *pointer) {
    return *pointer;
}

int descend(int depth) {
    return depth == 0 ? at_bottom(0) : descend(depth - 1) + 1;
}

int main(int argc, char **argv) {
    struct rlimit stack = {64 << 20, RLIM_INFINITY};
    if (argc == 1) {
        setrlimit(RLIMIT_STACK, &stack);
        execl("/proc/self/exe", argv[0], "deep", NULL);
    }
    return descend(100000);
}
