/* What was never allocated is freed. */
#include <stdlib.h>

void free_wrong(char *block) {
    free(block + 8);
}

int main(void) {
    free_wrong(malloc(64));
    return 0;
}
