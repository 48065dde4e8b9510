/* unshare and setns of what a second thread would make impossible. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int result = unshare(CLONE_NEWUSER);
    printf("user %d\n", result == 0 ? 0 : errno);
    result = unshare(CLONE_NEWNS | CLONE_FS);
    printf("mounts %d\n", result == 0 ? 0 : errno);
    result = unshare(CLONE_VM | CLONE_SIGHAND);
    printf("memory %d\n", result == 0 ? 0 : errno);
    int fd = open("/proc/self/ns/mnt", O_RDONLY);
    result = setns(fd, CLONE_NEWNS);
    printf("setns %d\n", result == 0 ? 0 : errno);
    return 0;
}
