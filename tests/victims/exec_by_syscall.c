/* Becomes another image by the bare exec calls, as soon as it has started; that one crashes. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static long call(long number, long a, long b, long c, long d, long e) {
    long result;
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                     x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    result = x0;
#endif
    return result;
}

int main(int argc, char **argv) {
    char *const next[] = {argv[0], "crash", NULL};
    const char *const how = argc > 1 ? argv[1] : "";
    if (strcmp(how, "crash") == 0)
        fault_here();
    const int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    if (strcmp(how, "syscall") == 0)
        syscall(SYS_execveat, self, "", next, environ, AT_EMPTY_PATH);
    if (strcmp(how, "bare") == 0)
        call(SYS_execveat, self, (long) "", (long) next, (long) environ, AT_EMPTY_PATH);
    return 1;
}
