/* The heap's own words are overwritten; malloc notices later. */
#include <stdlib.h>
#include <string.h>

void overrun(char *block) {
    memset(block, 'A', 4096);
}

int main(void) {
    char *block = malloc(24);
    overrun(block);
    for (int i = 0; i < 10; i++)
        malloc(5000);
    return 0;
}
