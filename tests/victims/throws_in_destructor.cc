// A destructor throws while the stack is unwound for another exception.
#include <stdexcept>

struct Fragile {
    ~Fragile() noexcept(false) {
        throw std::runtime_error("second");
    }
};

void work() {
    Fragile fragile;
    throw std::runtime_error("first");
}

int main() {
    try {
        work();
    } catch (...) {
    }
}
