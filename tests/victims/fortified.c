/* victim: -O2 -D_FORTIFY_SOURCE=2 */
/* A copy that does not fit, in a fortified program. */
#include <stdlib.h>
#include <string.h>

char target[8];

__attribute__((noinline)) void copy(const char *text) {
    strcpy(target, text);
    target[0]++;
}

int main(int argc, char **argv) {
    copy(argc > 5 ? argv[1] : "much too long for the target");
    return target[0];
}
