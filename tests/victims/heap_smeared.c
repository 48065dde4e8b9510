/* The whole heap is overwritten before the crash. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    char *low = malloc(1000) - 16, *high = sbrk(0);
    memset(low, 0xee, (size_t) (high - low));
    fault_here();
    return 0;
}
