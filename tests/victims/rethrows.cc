// A caught exception is thrown on and nobody takes it.
#include <stdexcept>

void fail() {
    throw std::invalid_argument("thrown on");
}

void pass_on() {
    try {
        fail();
    } catch (const std::exception &) {
        throw;
    }
}

int main() {
    pass_on();
}
