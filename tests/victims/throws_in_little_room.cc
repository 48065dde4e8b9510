// A thread throws, and catches, with as little of its stack left as the argument says.
#include <alloca.h>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <stdexcept>

static const size_t stack_bytes = 65536;

__attribute__((noinline)) static void throw_with(size_t left) {
    volatile char *used = static_cast<volatile char *>(alloca(stack_bytes - left));
    used[0] = 1;
    try {
        throw std::runtime_error("in little room");
    } catch (const std::exception &) {
        used[stack_bytes - left - 1] = 1;
    }
}

static void *run(void *left) {
    throw_with(*static_cast<size_t *>(left));
    return nullptr;
}

int main(int, char **arguments) {
    size_t left = std::strtoul(arguments[1], nullptr, 10);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    if (pthread_create(&thread, &attributes, run, &left) != 0)
        return 2;
    pthread_join(thread, nullptr);
    std::puts("caught");
}
