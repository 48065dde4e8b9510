// victim: -pthread
// The destructor of a thread_local object crashes.
#include <thread>

struct Fragile {
    int *pointer = nullptr;
    ~Fragile();
};

Fragile::~Fragile() {
    *pointer = 1;
}

thread_local Fragile fragile;

int main() {
    std::thread([] { fragile.pointer = nullptr; }).join();
}
