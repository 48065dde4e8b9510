/* Opens descriptors until there are no more, then crashes. */
#include <fcntl.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    while (open("/dev/null", O_RDONLY) >= 0) {
    }
    fault_here();
    return 0;
}
