/* Blocks the two signals of the given numbers, by bare system calls, sends itself both, and unblocks them at once: the kernel ends it
 * by a fault rather than by another one, and then by the lower one. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) static void unblock(const sigset_t *both) {
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, both, NULL, 8);
}

int main(int argc, char **argv) {
    const int lower = atoi(argv[1]), higher = atoi(argv[2]);
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, lower);
    sigaddset(&both, higher);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &both, NULL, 8);
    kill(getpid(), higher);
    kill(getpid(), lower);
    unblock(&both);
    return 1;
}
