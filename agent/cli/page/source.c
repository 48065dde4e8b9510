#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAB_COLUMNS 4u
#define LINES (2 * QMON_SOURCE_AROUND + 1)

int qmon__cli_source_open(const char *path, const char *directory, struct qmon__cli_source *ret_source) {
    char joined[PATH_MAX];
    struct stat status;
    int fd, error = 0;

    if (path[0] != '/') {
        if (!directory || snprintf(joined, sizeof joined, "%s/%s", directory, path) >= (int) sizeof joined)
            return -ENOENT;
        path = joined;
    }
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0)
        error = -errno;
    else if (!S_ISREG(status.st_mode))
        error = -EINVAL;
    else if (status.st_size > (off_t) QMON_SOURCE_BYTES)
        error = -EFBIG;
    if (error == 0) {
        ret_source->file = fdopen(fd, "r");
        ret_source->modified = status.st_mtim;
        if (ret_source->file)
            return 0;
        error = -ENOMEM;
    }
    close(fd);
    return error;
}

void qmon__cli_source_close(struct qmon__cli_source *source) {
    if (source->file)
        fclose(source->file);
    source->file = NULL;
}

/* Reads one line, tabs expanded, cut where it does not fit. False at the end of the file. */
static bool read_line(FILE *file, char *ret_text, size_t bytes, size_t *budget) {
    size_t used = 0;
    int c;

    while ((c = getc_unlocked(file)) != EOF && *budget > 0) {
        (*budget)--;
        if (c == '\n')
            break;
        if (c == '\r')
            continue;
        if (c == '\t') {
            for (size_t stop = (used / TAB_COLUMNS + 1) * TAB_COLUMNS; used < stop && used + 1 < bytes;)
                ret_text[used++] = ' ';
            continue;
        }
        if (used + 1 < bytes)
            ret_text[used++] = c ? (char) c : '?';
    }
    ret_text[used] = '\0';
    return c == '\n' || used > 0;
}

static void print_line(FILE *out, const struct qmon__cli_style *style, uint32_t number, int digits, bool marked,
                       const char *text) {
    unsigned margin = 2 + (unsigned) digits + 3;
    unsigned columns = style->columns > margin ? style->columns - margin : QMON_SOURCE_LINE_BYTES;
    char fitted[QMON_SOURCE_LINE_BYTES + 8];

    qmon__cli_fit(style, text, columns, fitted, sizeof fitted);
    fputs(qmon__cli_look(style, marked ? QMON_LOOK_BAD : QMON_LOOK_FAINT), out);
    fprintf(out, "%s%*u |", marked ? "> " : "  ", digits, number);
    fputs(qmon__cli_plain(style), out);
    if (*fitted)
        putc(' ', out);
    qmon__cli_put(out, style, marked ? QMON_LOOK_TITLE : QMON_LOOK_PLAIN, fitted);
    putc('\n', out);
}

static int digits_of(uint32_t number) {
    int digits = 1;

    while (number /= 10)
        digits++;
    return digits;
}

bool qmon__cli_source_print(FILE *out, const struct qmon__cli_style *style, struct qmon__cli_source *source,
                            uint32_t line) {
    char lines[LINES][QMON_SOURCE_LINE_BYTES];
    uint32_t first = line > QMON_SOURCE_AROUND ? line - QMON_SOURCE_AROUND : 1;
    uint32_t last = line < UINT32_MAX - QMON_SOURCE_AROUND ? line + QMON_SOURCE_AROUND : line;
    uint32_t number = 1, kept = 0;
    size_t budget = QMON_SOURCE_BYTES;

    if (line == 0)
        return false;
    for (; number <= last; number++) {
        if (!read_line(source->file, lines[kept], sizeof lines[kept], &budget))
            break;
        kept += number >= first;
    }
    if (number <= line)
        return false;
    for (uint32_t i = 0; i < kept; i++)
        print_line(out, style, first + i, digits_of(last), first + i == line, lines[i]);
    return true;
}
