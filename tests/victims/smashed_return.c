/* victim: -fno-stack-protector */
/* A local array is overrun and nothing notices: the return goes to nowhere. */
#include <string.h>

void overrun(size_t bytes) {
    char room[8];
    memset(room, 'A', bytes);
}

int main(void) {
    overrun(200);
    return 0;
}
