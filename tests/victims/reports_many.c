/* So many different errors, one after the other: each with a code of its own. Waits where there is no room for a moment. */
#include <qmon/qmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 1;
    for (int i = 0; i < count; i++) {
        char code[16], message[64];
        snprintf(code, sizeof code, "E%05d", i);
        snprintf(message, sizeof message, "step %d of the import failed", i);
        for (int tries = 0; qmon_report(code, "/import", NULL, message, NULL) != 0 && tries < 20000; tries++)
            usleep(1000);
    }
    printf("done\n");
    return 0;
}
