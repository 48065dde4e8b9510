/* A page of a mapped file that was cut off meanwhile. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int read_beyond(const char *mapped) {
    return mapped[4096];
}

int main(void) {
    int fd = memfd_create("short", 0);
    ftruncate(fd, 8192);
    char *mapped = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    ftruncate(fd, 4096);
    return read_beyond(mapped);
}
