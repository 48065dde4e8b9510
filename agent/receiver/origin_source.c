#include "origin_source.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/pipeline.h>
#include <qmon/render.h>

#define AROUND 2u
#define LINES (2 * AROUND + 1)
#define LINE_BYTES 200u
#define FILE_BYTES_MAX (4u << 20)

bool qmon__is_source_name(const char *path) {
    static const char *const endings[] = {"c",  "cc", "cpp", "cxx", "c++", "h",   "hh",   "hpp",   "hxx", "inc", "ipp",
                                          "rs", "go", "d",   "zig", "f",   "f90", "adb",  "pas",   "nim", "S",   "s",
                                          "py", "js", "ts",  "rb",  "pl",  "php", "java", "swift", "m",   "mm"};
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (dot == NULL || (slash != NULL && dot < slash))
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

static FILE *open_source(const struct qmon_event *event, const char *path) {
    char joined[PATH_MAX];
    struct stat status;
    if (path[0] != '/') {
        const char *directory = event->process.working_directory;
        if (directory == NULL || snprintf(joined, sizeof joined, "%s/%s", directory, path) >= (int) sizeof joined)
            return NULL;
        path = joined;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    FILE *file = NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= (off_t) FILE_BYTES_MAX)
        file = fdopen(fd, "r");
    if (file == NULL)
        close(fd);
    return file;
}

/* The next line, cut to what is shown of one, without its end. False at the end of the file. */
static bool next_line(FILE *file, char ret_line[LINE_BYTES]) {
    if (fgets(ret_line, LINE_BYTES, file) == NULL)
        return false;
    size_t bytes = strcspn(ret_line, "\n");
    bool whole = ret_line[bytes] == '\n';
    ret_line[bytes] = '\0';
    for (int c = 0; !whole && c != '\n' && c != EOF;)
        c = getc_unlocked(file);
    return true;
}

/* A secret may stretch over lines, or stand on the other side of where a line was cut: all are searched together. */
static void keep_lines(struct qmon_event *event, char lines[LINES][LINE_BYTES], size_t count) {
    char text[LINES * (LINE_BYTES + 1) + 1];
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t) snprintf(text + used, sizeof text - used, "%s\n", lines[i]);
    const char *clean = qmon_redact(event, qmon_event_text(event, text));
    event->source.lines = qmon_event_alloc(event, count * sizeof *event->source.lines);
    if (clean == NULL || event->source.lines == NULL)
        return;
    for (size_t i = 0; i < count && *clean != '\0'; i++) {
        size_t bytes = strcspn(clean, "\n");
        const char *line = qmon_event_text_n(event, clean, bytes);
        if (line == NULL)
            return;
        event->source.lines[event->source.line_count++] = line;
        clean += bytes + (clean[bytes] == '\n');
    }
}

void qmon__add_source(struct qmon_event *event) {
    char lines[LINES][LINE_BYTES];
    size_t count = 0;
    const struct qmon_frame *origin = qmon_render_origin(event);
    if (origin == NULL || origin->file == NULL || origin->line == 0 || !qmon__is_source_name(origin->file))
        return;
    FILE *file = open_source(event, origin->file);
    if (file == NULL)
        return;
    uint32_t first = origin->line > AROUND ? origin->line - AROUND : 1, number = 1;
    uint64_t last = (uint64_t) origin->line + AROUND;
    for (; number <= last && next_line(file, lines[count]); number++)
        count += number >= first;
    fclose(file);
    if (number <= origin->line) /* another file by now: it ends before that line */
        return;
    event->source.first_line = first;
    keep_lines(event, lines, count);
}
