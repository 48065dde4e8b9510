/* A crash after main: in an atexit or on_exit handler, a destructor, or a handler of quick_exit. */
#include <stdlib.h>
#include <string.h>

static const char *how;

void fault_late(void) {
    *(volatile int *) 4 = 1;
}

static void fault_on_exit(int status, void *unused) {
    fault_late();
}

__attribute__((destructor)) static void destruct(void) {
    if (how != NULL && strcmp(how, "destructor") == 0)
        fault_late();
}

int main(int argc, char **argv) {
    how = argv[1];
    if (strcmp(how, "atexit") == 0)
        atexit(fault_late);
    if (strcmp(how, "on_exit") == 0)
        on_exit(fault_on_exit, NULL);
    if (strcmp(how, "quick") == 0) {
        at_quick_exit(fault_late);
        quick_exit(3);
    }
    return 3;
}
