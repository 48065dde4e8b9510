#include "settings_file.h"

#include <fcntl.h>
#include <qmon/json_text.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sys.h"

#define FILE_BYTES_MAX (1024u * 1024u)
#define VALUE_BYTES 4096u

/* The table's flags as they matter here. */
#define QMON_OPTION_SECRET 0
#define QMON_OPTION_HOST 1
#define QMON_OPTION_PATH 0

#define OPTION(field, env, path, kind, fallback, flags, help)                                                          \
    _Static_assert(sizeof(env) <= QMON__NAME_BYTES && sizeof(path) <= QMON__NAME_BYTES,                                \
                   "a name of " env " is too long");
#define ALIAS(env, field) _Static_assert(sizeof(env) <= QMON__NAME_BYTES, env " is too long");
#include <qmon/options.def>
#undef OPTION
#undef ALIAS

static const struct {
    char environment[QMON__NAME_BYTES], path[QMON__NAME_BYTES]; /* no pointers, which the loader would have to adjust */
    bool is_ours;
} options[] = {
#define OPTION(field, env, path, kind, fallback, flags, help) {env, path, QMON_OPTION_HOST & (flags)},
#define ALIAS(env, field)
#include <qmon/options.def>
#undef OPTION
#undef ALIAS
};

static size_t read_all(int fd, char *text, size_t bytes) {
    size_t got = 0;
    while (got < bytes) {
        long n = qmon__sys_3(SYS_read, fd, text + got, bytes - got);
        if (n <= 0)
            break;
        got += (size_t) n;
    }
    return got;
}

static void take_values(const char *json, size_t bytes, void (*keep)(const char *name, const char *value)) {
    static char value[VALUE_BYTES];
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].is_ours && options[i].path[0] != '\0' &&
            qmon_json_text(json, bytes, options[i].path, value, sizeof value) > 0)
            keep(options[i].environment, value);
}

void qmon__settings_read_file(const char *path, void (*keep)(const char *name, const char *value)) {
    struct stat status;
    int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (qmon__sys_4(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) == 0 && S_ISREG(status.st_mode) &&
        status.st_size > 0 && (unsigned long) status.st_size <= FILE_BYTES_MAX) {
        size_t bytes = (size_t) status.st_size;
        long text = qmon__sys_6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (text > 0 || text < -4095) {
            take_values((const char *) text, read_all(fd, (char *) text, bytes), keep);
            qmon__sys_2(SYS_munmap, text, bytes);
        }
    }
    qmon__sys_1(SYS_close, fd);
}
