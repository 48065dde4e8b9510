#include "start_time.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <qmon/paths.h>

#include "clock.h"
#include "sys.h"

/* USER_HZ is 100 in the ABI of every machine that Linux still runs on; proc(5), field 22. */
#define NS_PER_TICK 10000000u

/* Numbered as in proc(5). False: there is no such number. */
static bool read_field(const char *path, unsigned wanted, uint64_t *ret_number) {
    char text[1024];
    int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    long count = qmon__sys_3(SYS_read, fd, text, sizeof text - 1);
    qmon__sys_1(SYS_close, fd);
    if (count <= 0)
        return false;
    text[count] = '\0';
    const char *at = strrchr(text, ')'); /* the name before it may hold anything */
    for (unsigned field = 2; at != NULL && field < wanted; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return false;
    *ret_number = 0;
    for (at++; *at >= '0' && *at <= '9'; at++)
        *ret_number = *ret_number * 10 + (uint64_t) (*at - '0');
    return true;
}

#define CLOCKS_APART                                                                                                   \
    1024u /* the one of CPU time may run faster than the other, which is steered, by less than a part of so many */

bool qmon__existed_at(uint64_t boot_ns) {
    struct timespec used;
    if (qmon__sys_2(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &used) != 0)
        return false;
    const uint64_t used_ns = (uint64_t) used.tv_sec * 1000000000u + (uint64_t) used.tv_nsec;
    return boot_ns >= qmon__boot_ns() - (used_ns - used_ns / CLOCKS_APART); /* read last, which makes it the later */
}

uint64_t qmon__own_start_boot_ns(void) {
    uint64_t ticks;
    return read_field("/proc/self/stat", 22, &ticks) ? ticks * NS_PER_TICK : UINT64_MAX;
}

int qmon__parent_of(int pid) {
    char path[40];
    const char *end = path + sizeof path - 1;
    char *at = qmon__put_text(path, end, "/proc/");
    at = qmon__put_decimal(at, end, (uint64_t) pid);
    *qmon__put_text(at, end, "/stat") = '\0';
    uint64_t parent;
    return read_field(path, 4, &parent) ? (int) parent : 0;
}
