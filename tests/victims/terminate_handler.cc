// A terminate handler of the program's own prints and aborts.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

void last_words() {
    std::puts("last words");
    std::fflush(stdout);
    std::abort();
}

void fail() {
    throw std::runtime_error("told by the handler");
}

int main() {
    std::set_terminate(last_words);
    fail();
}
