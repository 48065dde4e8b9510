/* victim: -O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions */
/* No unwind tables and no frame pointers: only the stack's return addresses tell who called. */
#include <stdlib.h>

static volatile int sum;

__attribute__((noinline)) int innermost(int *pointer) {
    return *pointer;
}

__attribute__((noinline)) int middle(int *pointer) {
    volatile int room[16];
    room[3] = innermost(pointer);
    sum += room[3];
    return room[3] + sum;
}

__attribute__((noinline)) int through_pointer(int (*function)(int *), int *pointer) {
    volatile int room[4];
    room[1] = function(pointer);
    return room[1] + sum;
}

int main(int argc, char **argv) {
    sum = through_pointer(argc > 5 ? innermost : middle, argc > 1 ? &argc : NULL);
    return sum;
}
