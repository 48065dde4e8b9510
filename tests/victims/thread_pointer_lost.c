/* The thread pointer is destroyed: no thread-local data, no errno. */
#include <asm/prctl.h>
#include <sys/syscall.h>

void fault_here(void) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(0) : "rcx", "r11", "memory");
    *(volatile int *) 4 = 1;
}

int main(void) {
    fault_here();
    return 0;
}
