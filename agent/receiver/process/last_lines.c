#include "last_lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#define TAIL_BYTES 16384u
#define LINE_BYTES 400u

/* Where the first whole line begins: what stands before it may be half a secret, that nobody would know for one. */
static size_t first_line(const char *text, size_t bytes) {
    const char *end = memchr(text, '\n', bytes);
    return end != NULL ? (size_t) (end + 1 - text) : bytes;
}

/* The last bytes before the descriptor's place, whole lines, NUL-terminated. Opened anew: as a rule the program's own is for
 * writing. */
static size_t read_tail(int fd, char ret_text[TAIL_BYTES + 1]) {
    char path[32];
    struct stat status;
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    if (end <= 0 || end > status.st_size) /* the file was cut, or another wrote all that is in it */
        end = status.st_size;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return 0;
    off_t start = end > (off_t) TAIL_BYTES ? end - (off_t) TAIL_BYTES : 0;
    ssize_t count = pread(file, ret_text, (size_t) (end - start), start);
    close(file);
    size_t bytes = count > 0 ? (size_t) count : 0, begin = start > 0 ? first_line(ret_text, bytes) : 0;
    memmove(ret_text, ret_text + begin, bytes - begin);
    ret_text[bytes - begin] = '\0';
    return bytes - begin;
}

/* ESC [ ... letter: colours and the like. */
static const char *behind_sequence(const char *at, const char *end) {
    at += 2;
    while (at < end && !(*at >= 0x40 && *at <= 0x7e))
        at++;
    return at < end ? at + 1 : end;
}

/* In place: no NULs, no carriage returns, no terminal control sequences. Returns the new length. */
static size_t plain(char *text, size_t bytes) {
    const char *from = text, *end = text + bytes;
    char *to = text;
    while (from < end) {
        if (from[0] == '\033' && from + 1 < end && from[1] == '[') {
            from = behind_sequence(from, end);
            continue;
        }
        char c = *from++;
        if (c == '\r' && from < end && *from == '\n')
            continue;
        *to++ = c == '\r' || c == '\0' ? '\n' : c;
    }
    *to = '\0';
    return (size_t) (to - text);
}

/* The beginning of the last `most` lines; empty ones at the end are none. */
static char *last_of(char *text, size_t bytes, uint64_t most) {
    while (bytes > 0 && strchr(" \n", text[bytes - 1]) != NULL)
        text[--bytes] = '\0';
    char *start = text + bytes;
    for (uint64_t lines = 0; start > text; start--)
        if (start[-1] == '\n' && ++lines == most)
            break;
    return start;
}

void qmon__add_last_lines(struct qmon_event *event, int fd, uint64_t most) {
    char text[TAIL_BYTES + 1];
    size_t bytes = read_tail(fd, text);
    if (bytes == 0 || most == 0)
        return;
    bytes = plain(text, bytes);
    /* A secret may stretch over lines: all are searched together, before they are cut. */
    const char *clean = qmon_redact(event, qmon_event_text(event, text));
    char *copy = clean != NULL ? strdup(clean) : NULL;
    if (copy == NULL)
        return;
    const char *line = last_of(copy, strlen(copy), most);
    event->context.last_lines = qmon_event_alloc(event, (size_t) most * sizeof *event->context.last_lines);
    while (event->context.last_lines != NULL && *line != '\0' && event->context.last_line_count < most) {
        size_t length = strcspn(line, "\n");
        const char *kept = qmon_event_text_n(event, line, length < LINE_BYTES ? length : LINE_BYTES);
        if (kept == NULL)
            break;
        event->context.last_lines[event->context.last_line_count++] = kept;
        line += length + (line[length] == '\n');
    }
    free(copy);
}
