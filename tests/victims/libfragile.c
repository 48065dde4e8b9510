/* A library for the victims: its constructor or destructor crashes where the environment asks for it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void obey(const char *when) {
    const char *wanted = getenv("FRAGILE");
    if (wanted == NULL || strcmp(wanted, when) != 0)
        return;
    if (strcmp(when, "slow") == 0)
        usleep(800000);
    else
        *(volatile int *) 4 = 1;
}

__attribute__((constructor)) void library_begins(void) {
    obey("begin");
    obey("slow");
}

__attribute__((destructor)) void library_ends(void) {
    obey("end");
}

int library_function(int *pointer) {
    return *pointer;
}
