/* victim: -fstack-protector-all */
/* A local array is overrun; the compiler's guard notices. */
#include <string.h>

void overrun(size_t bytes) {
    char room[8];
    memset(room, 'A', bytes);
}

int main(void) {
    overrun(64);
    return 0;
}
