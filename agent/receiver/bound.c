#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bound.h"
#include "procfs.h"

static const struct {
    int which;
    rlim_t least; /* the store alone may grow to 256 MiB */
} needs[] = {
    {RLIMIT_FSIZE, (rlim_t) 256 << 20}, {RLIMIT_NOFILE, 32},        {RLIMIT_AS, (rlim_t) 256 << 20},
    {RLIMIT_DATA, (rlim_t) 64 << 20},   {RLIMIT_STACK, 512u << 10},
};

static unsigned number_behind(const char *status, const char *name) {
    const char *line = strstr(status, name);
    return line != NULL ? (unsigned) strtoul(line + strlen(name), NULL, 10) : 0;
}

unsigned qmon__filters_in(const char *status) {
    const unsigned count = number_behind(status, "\nSeccomp_filters:\t");
    return count != 0 ? count : number_behind(status, "\nSeccomp:\t") != 0;
}

static unsigned filters_of(uint32_t pid) {
    char status[4096];
    return qmon__proc_read(pid, "status", status, sizeof status) > 0 ? qmon__filters_in(status) : 0;
}

bool qmon__is_filtered(void) {
    static int known = -1;
    if (known < 0)
        known = filters_of(0) > 0;
    return known;
}

static bool look(void) {
    struct rlimit limit;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (getrlimit(needs[i].which, &limit) == 0 && limit.rlim_cur < needs[i].least)
            return true;
    return filters_of(0) > filters_of(1);
}

bool qmon__is_bound(void) {
    static int known = -1;
    if (known < 0)
        known = look();
    return known;
}
