/* daemon(3), then a crash. */
#include <unistd.h>

void fault_in_daemon(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    daemon(0, 0);
    usleep(50000);
    fault_in_daemon();
    return 0;
}
