/* victim: -static-libstdc++ -static-libgcc */
/* What throws is linked into the program, and has no names for the loader. */
#include <stdexcept>

struct Refused : virtual std::runtime_error {
    Refused() : std::runtime_error("virtually") {
    }
};

void fail(const char *how) {
    if (how[0] == 'v')
        throw Refused();
    throw std::underflow_error("linked in");
}

int main(int, char **arguments) {
    fail(arguments[1]);
}
