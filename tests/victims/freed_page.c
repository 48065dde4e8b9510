/* A block so big that free() gives it back to the kernel is read afterwards. */
#include <stdlib.h>
#include <string.h>

int read_freed(const char *block) {
    return block[100000];
}

int main(void) {
    char *block = malloc(10000000);
    memset(block, 1, 10000000);
    free(block);
    return read_freed(block);
}
