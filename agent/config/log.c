#include <qmon/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 4096

static _Atomic int log_fd = -1;

bool qmon_log_is_on(void) {
    return atomic_load_explicit(&log_fd, memory_order_relaxed) >= 0;
}

void qmon_log_close(void) {
    int fd = atomic_exchange(&log_fd, -1);

    if (fd > STDERR_FILENO)
        close(fd);
}

int qmon_log_open(const char *where) {
    int fd;

    qmon_log_close();
    if (where[0] == '\0')
        return 0;
    if (strcmp(where, "stderr") == 0 || strcmp(where, "/dev/stderr") == 0) {
        atomic_store(&log_fd, STDERR_FILENO);
        return 0;
    }
    /* O_NONBLOCK: a pipe that nobody reads holds nothing up. */
    fd = open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (fd < 0)
        return -errno;
    if (fd <= STDERR_FILENO) { /* a standard descriptor was closed: its number is not for us */
        int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int r = -errno;
        close(fd);
        if (higher < 0)
            return r;
        fd = higher;
    }
    atomic_store(&log_fd, fd);
    return 0;
}

/* Copies with control characters spelt out; returns where it ended. */
static char *put_line(char *at, const char *end, const char *text) {
    static const char digits[] = "0123456789abcdef";

    for (; *text != '\0' && end - at > 4; text++) {
        unsigned char c = (unsigned char) *text;
        if (c >= ' ' && c != 0x7f) {
            *at++ = (char) c;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return at;
}

static size_t put_stamp(char *line, size_t bytes) {
    struct timespec now;
    struct tm parts;
    int length;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    length =
        snprintf(line, bytes, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ qmon[%d] ", parts.tm_year + 1900, parts.tm_mon + 1,
                 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000, (int) getpid());
    return length > 0 ? (size_t) length : 0;
}

void qmon_log(const char *format, ...) {
    int fd = atomic_load_explicit(&log_fd, memory_order_relaxed);
    int saved_errno = errno;
    char message[LINE_BYTES], line[LINE_BYTES];
    va_list arguments;
    char *at;

    if (fd < 0)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    at = put_line(line + put_stamp(line, sizeof line), line + sizeof line - 1, message);
    *at++ = '\n';
    while (write(fd, line, (size_t) (at - line)) < 0 && errno == EINTR)
        continue;
    errno = saved_errno;
}
