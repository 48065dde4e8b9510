/* Closes every descriptor there may be, in three ways, then crashes. */
#include <linux/close_range.h>
#include <string.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    if (strcmp(argv[1], "loop") == 0)
        for (int fd = 0; fd < 70000; fd++)
            close(fd);
    if (strcmp(argv[1], "closefrom") == 0)
        closefrom(0);
    if (strcmp(argv[1], "range") == 0)
        close_range(0, ~0u, 0);
    fault_here();
    return 0;
}
