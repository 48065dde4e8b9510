/* A program that waits until it is told to stop, or as long as it is told. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc > 1)
        usleep((useconds_t) atoi(argv[1]) * 1000);
    else
        pause();
    return 0;
}
