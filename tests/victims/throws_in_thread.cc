// victim: -pthread
// An exception that nobody catches in a thread.
#include <stdexcept>
#include <thread>

void work() {
    throw std::out_of_range("no such item");
}

int main() {
    std::thread(work).join();
}
