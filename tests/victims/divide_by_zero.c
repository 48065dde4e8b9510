/* An integer is divided by zero. */
#include <stdlib.h>

int divide(int by) {
    return 100 / by;
}

int main(void) {
    return divide(atoi("0"));
}
