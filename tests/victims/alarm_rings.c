/* alarm() with nobody to handle it: SIGALRM. */
#include <unistd.h>

void wait_long(void) {
    pause();
}

int main(void) {
    ualarm(10000, 0);
    wait_long();
    return 0;
}
