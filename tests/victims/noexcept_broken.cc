// An exception leaves a function that promised not to throw.
#include <stdexcept>

void careless() {
    throw std::logic_error("promised and broken");
}

void promise() noexcept {
    careless();
}

int main() {
    try {
        promise();
    } catch (...) {
    }
}
