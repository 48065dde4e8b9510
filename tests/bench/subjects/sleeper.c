/* sleeper.c: says that it runs, then does nothing until it is ended. */
#include <unistd.h>

int main(void) {
    if (write(STDOUT_FILENO, "1\n", 2) != 2)
        return 1;
    for (;;)
        pause();
}
