/* A library that is preloaded to fake the time, and must not be asked before it has begun. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int begun;

__attribute__((constructor)) static void begin(void) {
    begun = 1;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static const char complaint[] = "asked too early\n";
    if (!begun && write(STDOUT_FILENO, complaint, sizeof complaint - 1) < 0)
        return -1;
    const int result = (int) syscall(SYS_clock_gettime, clock, now);
    now->tv_sec -= 20 * 365 * 86400; /* faked, whatever clock it is */
    return result;
}
