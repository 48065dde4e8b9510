// victim: -pthread
// A thread that was neither joined nor detached is destroyed: std::terminate without an exception.
#include <thread>
#include <unistd.h>

void forget() {
    std::thread thread(pause);
}

int main() {
    forget();
}
