/* An exit handler that calls exit or _exit with another status: the last word counts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how;

static void change(void) {
    if (strcmp(how, "_exit") == 0)
        _exit(7);
    exit(8);
}

int main(int argc, char **argv) {
    how = argv[1];
    atexit(change);
    return 3;
}
