/* Takes memory until its control group (memory, version 1) has next to none left, and crashes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long read_number(const char *group, const char *name) {
    char path[300];
    long value = -1;
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory%s/%s", group, name);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%ld", &value) != 1)
        exit(2);
    fclose(file);
    return value;
}

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    static char line[300], group[200];
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (fgets(line, sizeof line, file) != NULL)
        if (strstr(line, ":memory:") != NULL)
            sscanf(strstr(line, ":memory:") + 8, "%199s", group);
    fclose(file);
    long limit = read_number(group, "memory.limit_in_bytes"), left = atol(argv[1]);
    while (limit - read_number(group, "memory.usage_in_bytes") > left + 200000) {
        char *block = malloc(65536);
        memset(block, 1, 65536);
    }
    fault_here();
    return 0;
}
