/* A write to a pipe that nobody reads: SIGPIPE. */
#include <unistd.h>

void write_to_nobody(int fd) {
    write(fd, "x", 1);
}

int main(void) {
    int ends[2];
    pipe(ends);
    close(ends[0]);
    write_to_nobody(ends[1]);
    return 0;
}
