/* INT_MIN / -1 does not fit. */
#include <limits.h>

int divide(int what, volatile int by) {
    return what / by;
}

int main(void) {
    return divide(INT_MIN, -1);
}
