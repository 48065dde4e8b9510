/* The resolver of an indirect function faults: the loader calls it while it relocates, before any initializer. */
#include <stdlib.h>

static void *resolve(void) {
    *(volatile int *) 4 = 1;
    return NULL;
}

void indirect(void) __attribute__((ifunc("resolve")));

int main(void) {
    indirect();
    return 0;
}
