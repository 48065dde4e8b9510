// An object with static storage whose constructor or destructor crashes.
#include <cstdlib>
#include <cstring>

struct Fragile {
    const char *when;
    Fragile() : when(std::getenv("FRAGILE")) {
        if (std::strcmp(when, "begin") == 0)
            fault();
    }
    ~Fragile() {
        if (std::strcmp(when, "end") == 0)
            fault();
    }
    void fault() {
        *(volatile int *) 4 = 1;
    }
};

static Fragile fragile;

int main() {
    return 3;
}
