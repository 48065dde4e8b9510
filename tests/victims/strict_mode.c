/* seccomp's strict mode: read, write, exit and sigreturn, and SIGKILL for anything else. Then a fault. */
#include <linux/seccomp.h>
#include <sys/prctl.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    fault_here();
    return 0;
}
