/* A block is freed twice. */
#include <stdlib.h>

void free_again(void *block) {
    free(block);
}

int main(void) {
    char *block = malloc(24);
    free(block);
    free_again(block);
    return 0;
}
