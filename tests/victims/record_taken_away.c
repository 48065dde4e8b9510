/* Shared mappings are made read-only or unmapped before the crash: a program that tidies up what it does not know. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    static char text[4096];
    unsigned long low, high, lows[16], highs[16];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(text, sizeof text, maps) && count < 16)
        if (strstr(text, "rw-s") && sscanf(text, "%lx-%lx", &low, &high) == 2) {
            lows[count] = low;
            highs[count++] = high;
        }
    for (int i = 0; i < count; i++) {
        if (strcmp(argv[1], "protect") == 0)
            mprotect((void *) lows[i], highs[i] - lows[i], PROT_READ);
        else
            munmap((void *) lows[i], highs[i] - lows[i]);
    }
    fault_here();
    return 0;
}
