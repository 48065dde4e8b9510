#include "mapped.h"

#include <fcntl.h>
#include <string.h>

#include "record_file.h"
#include "sys.h"

static bool holds(const char *text, size_t have, const char *path, size_t bytes) {
    for (size_t at = 0; at + bytes <= have; at++)
        if (memcmp(text + at, path, bytes) == 0)
            return true;
    return false;
}

/* qemu shows the maps of the emulated program under /proc/self, and knows no other name for them. */
bool qmon__is_mapped_here(const char *path) {
    char text[2 * QMON_RECORD_PATH_BYTES];
    const size_t bytes = strlen(path); /* less than half of the room */
    size_t kept = 0;
    long count = 0;
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, "/proc/thread-self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool found = false;
    while (!found && (count = qmon__sys_3(SYS_read, fd, text + kept, sizeof text - kept)) > 0) {
        const size_t have = kept + (size_t) count;
        found = holds(text, have, path, bytes);
        kept = have < bytes ? have : bytes;
        memmove(text, text + have - kept, kept);
    }
    qmon__sys_1(SYS_close, fd);
    return found || count < 0;
}
