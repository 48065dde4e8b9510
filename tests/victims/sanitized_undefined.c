/* victim: -fsanitize=undefined -fno-sanitize-recover=all */
/* A program built with UndefinedBehaviorSanitizer, which ends it at an overflow. */
#include <limits.h>

int overflow(volatile int by) {
    return INT_MAX + by;
}

int main(void) {
    return overflow(1) & 1;
}
