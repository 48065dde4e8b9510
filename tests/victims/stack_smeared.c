/* victim: -fno-stack-protector */
/* Everything on the stack above the crashing function is overwritten. */
#include <string.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

void smear(void) {
    char room[16];
    char *volatile low = room + 64;
    memset(low, 0xee, 600);
    fault_here();
}

int main(void) {
    smear();
    return 0;
}
