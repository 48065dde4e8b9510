/* Takes memory without end. */
#include <stdlib.h>
#include <string.h>

void eat(void) {
    for (;;)
        memset(malloc(1 << 20), 1, 1 << 20);
}

int main(void) {
    eat();
    return 0;
}
