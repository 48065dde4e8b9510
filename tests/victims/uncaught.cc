// An exception that nobody catches: std::runtime_error, an int, a class of the program's own, or one rethrown.
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace shop {
struct Refused {
    int reason;
};
class Broken : public std::exception {
    const char *what() const noexcept override {
        return "the till is broken";
    }
};
} // namespace shop

void pay(const char *how) {
    if (strcmp(how, "standard") == 0)
        throw std::runtime_error("no money left");
    if (strcmp(how, "int") == 0)
        throw 42;
    if (strcmp(how, "own") == 0)
        throw shop::Broken();
    throw shop::Refused{3};
}

int main(int argc, char **argv) {
    pay(argv[1]);
}
