/* The writable data of libc and of everything else that is mapped is overwritten, but for what the program itself needs. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    static char text[65536];
    unsigned long low, high, lows[64], highs[64];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(text, sizeof text, maps) && count < 64)
        if (strstr(text, "rw-p") && strstr(text, "libc.so") && sscanf(text, "%lx-%lx", &low, &high) == 2) {
            lows[count] = low;
            highs[count++] = high;
        }
    for (int i = 0; i < count; i++)
        for (unsigned long at = lows[i]; at < highs[i]; at++)
            *(volatile char *) at = 0xee;
    fault_here();
    return 0;
}
