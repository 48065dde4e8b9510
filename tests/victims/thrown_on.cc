/* victim: -pthread */
/* An exception is thrown in one place, thrown on in another, and nobody takes it. The argument says how. */
#include <cstring>
#include <exception>
#include <future>
#include <stdexcept>

struct Place {
    virtual ~Place() {
    }
    int number = 7;
};

/* Its std::exception is not where it begins. */
struct Lost : Place, std::logic_error {
    Lost() : std::logic_error("the way was lost") {
    }
};

int fail(int number) {
    if (number > 0)
        throw Lost();
    return number;
}

std::exception_ptr keep() {
    try {
        fail(1);
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

std::exception_ptr make() {
    return std::make_exception_ptr(std::range_error("made and not thrown"));
}

void pass_on(const char *how) {
    if (!strcmp(how, "future"))
        std::async(std::launch::async, fail, 1).get();
    else if (!strcmp(how, "pointer"))
        std::rethrow_exception(keep());
    else if (!strcmp(how, "made"))
        std::rethrow_exception(make());
    try {
        fail(1);
    } catch (const std::exception &) {
        if (!strcmp(how, "many")) {
            for (int i = 0; i < 1000; i++)
                try {
                    throw i;
                } catch (int) {
                }
        }
        throw;
    }
}

int main(int, char **arguments) {
    pass_on(arguments[1]);
}
