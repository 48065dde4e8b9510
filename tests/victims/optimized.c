/* victim: -O2 -fomit-frame-pointer */
/* Optimised, inlined, without frame pointers. */
#include <stdlib.h>

static inline int deepest(int *pointer) {
    return *pointer + 1;
}

__attribute__((noinline)) int middle(int *pointer) {
    return deepest(pointer) * 2;
}

__attribute__((noinline)) int outer(int *pointer) {
    return middle(pointer) + 3;
}

int main(int argc, char **argv) {
    return outer(argc > 1 ? &argc : NULL);
}
