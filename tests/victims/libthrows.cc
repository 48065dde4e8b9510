/* A plug-in in C++ for a program that is none. */
#include <exception>
#include <stdexcept>

static int caught(std::exception_ptr thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::out_of_range &) {
        return 1;
    }
}

extern "C" int throws_and_catches(int times) {
    int count = 0;
    for (int i = 0; i < times; i++) {
        try {
            throw std::runtime_error("caught");
        } catch (const std::exception &) {
            count++;
        }
        count += caught(std::make_exception_ptr(std::out_of_range("made")));
    }
    return count;
}
