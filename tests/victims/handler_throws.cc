// victim: -fnon-call-exceptions
// A fault becomes a C++ exception: the handler throws, and the faulting function's caller catches.
#include <csignal>
#include <cstdio>
#include <stdexcept>

static void become_exception(int) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    throw std::runtime_error("a fault");
}

int main() {
    int caught = 0;
    std::signal(SIGSEGV, become_exception);
    for (int i = 0; i < 100; i++)
        try {
            *(volatile int *) 8 = 1;
        } catch (const std::runtime_error &) {
            caught++;
        }
    std::printf("%d caught\n", caught);
}
