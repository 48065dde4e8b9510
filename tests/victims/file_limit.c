/* A file grows past RLIMIT_FSIZE: SIGXFSZ. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

void grow(int fd) {
    char bytes[4096] = {0};
    for (int i = 0; i < 300; i++)
        write(fd, bytes, sizeof bytes);
}

int main(void) {
    struct rlimit limit = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    grow(open("grows", O_CREAT | O_RDWR, 0600));
    return 0;
}
