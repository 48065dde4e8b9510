/* A service that locks itself into an empty directory, with or without becoming nobody, and crashes. */
#include <sys/stat.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    mkdir("jail", 0755);
    if (chroot("jail") != 0 || chdir("/") != 0)
        return 1;
    if (argc > 1)
        setuid(65534);
    fault_here();
    return 0;
}
