/* victim: -fsanitize=address -fno-omit-frame-pointer */
/* A program built with AddressSanitizer: a block is read after it was freed, a NULL pointer is read, memory leaks, or all is well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int read_freed(int *block) {
    return *block;
}

void leak(void) {
    void *volatile lost = malloc(100);
    lost = NULL;
}

int main(int argc, char **argv) {
    int *block = malloc(40);
    printf("begins\n");
    fflush(stdout);
    free(block);
    if (strcmp(argv[1], "freed") == 0)
        return read_freed(block);
    if (strcmp(argv[1], "null") == 0)
        return read_freed(NULL);
    if (strcmp(argv[1], "leak") == 0)
        leak();
    return 0;
}
