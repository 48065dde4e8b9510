/* A reader of mapped files survives that one of them is cut off. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;

static void cut_off(int number, siginfo_t *info, void *context) {
    printf("code %d\n", info->si_code);
    siglongjmp(back, 1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = cut_off, .sa_flags = SA_SIGINFO};
    int fd = memfd_create("short", 0);
    ftruncate(fd, 8192);
    char *mapped = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    ftruncate(fd, 4096);
    sigaction(SIGBUS, &action, NULL);
    if (sigsetjmp(back, 1) == 0)
        printf("%d\n", mapped[4096]);
    printf("survived\n");
    return 0;
}
