// A thousand exceptions that are caught: nothing happened.
#include <cstdio>
#include <stdexcept>

int main() {
    int caught = 0;
    for (int i = 0; i < 1000; i++)
        try {
            throw std::runtime_error("never mind");
        } catch (const std::exception &) {
            caught++;
        }
    std::printf("%d caught\n", caught);
}
