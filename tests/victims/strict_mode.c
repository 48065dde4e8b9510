/*
 * seccomp's strict mode: read, write, exit and sigreturn, and SIGKILL for anything else. Then a fault, an end that is allowed, or libc's,
 * which is not.
 */
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    if (argc == 1)
        fault_here();
    if (strcmp(argv[1], "exit") == 0)
        syscall(SYS_exit, 0);
    return 0;
}
