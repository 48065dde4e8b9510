/* Faults, aborts or exits, having said so beforehand (to fails_a_call). */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    if (strcmp(argv[1], "fault") == 0)
        fault_here();
    if (strcmp(argv[1], "abort") == 0)
        abort();
    prctl(0x514d4f4e, 0, 0, 0, 0);
    return 5;
}
