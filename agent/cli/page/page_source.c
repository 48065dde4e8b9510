#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source.h"

#define MOST_SOURCES 8u

static bool newer(const struct timespec *left, const struct timespec *right) {
    return left->tv_sec > right->tv_sec || (left->tv_sec == right->tv_sec && left->tv_nsec > right->tv_nsec);
}

/* Whether the source was changed after the module that it was compiled into, or after an interpreter read it. */
static bool changed_since(const struct qmon__cli_source *source, const struct qmon_frame *frame,
                          const struct qmon_event *event) {
    const char *module = frame->module ? frame->module : event->process.executable;
    struct stat status;

    if (frame->language) {
        struct timespec then = {.tv_sec = (time_t) (event->time_ns / 1000000000u)};
        return newer(&source->modified, &then);
    }
    return module && stat(module, &status) == 0 && newer(&source->modified, &status.st_mtim);
}

static bool print_one(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                      const struct qmon_frame *frame) {
    struct qmon__cli_source source;
    bool changed, printed = false;
    char heading[512];
    FILE *memory;
    char *text = NULL;
    size_t bytes = 0;

    if (qmon__cli_source_open(frame->file, event->process.working_directory, &source) < 0)
        return false;
    changed = changed_since(&source, frame, event);
    memory = open_memstream(&text, &bytes);
    if (memory) {
        printed = qmon__cli_source_print(memory, style, &source, frame->line);
        fclose(memory);
    }
    qmon__cli_source_close(&source);
    if (printed) {
        snprintf(heading, sizeof heading, "%s:%u", frame->file, frame->line);
        putc('\n', out);
        qmon__cli_put(out, style, QMON_LOOK_NAME, heading);
        fputs(frame->function ? ", " : "", out);
        qmon__cli_put(out, style, QMON_LOOK_TITLE, frame->function);
        putc('\n', out);
        if (changed)
            qmon__cli_put_wrapped(out, style, 0, 0, "(the source is newer than the program: the lines may have moved)");
        fwrite(text, 1, bytes, out);
    }
    free(text);
    return printed;
}

static bool seen_before(const struct qmon_frame *const *seen, unsigned count, const struct qmon_frame *frame) {
    for (unsigned i = 0; i < count; i++)
        if (seen[i]->line == frame->line && strcmp(seen[i]->file, frame->file) == 0)
            return true;
    return false;
}

struct sources {
    const struct qmon_frame *seen[MOST_SOURCES];
    unsigned looked_at, printed, most;
};

static void print_of(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                     const struct qmon_frame *frames, size_t count, struct sources *sources) {
    for (size_t i = 0; i < count && sources->printed < sources->most && sources->looked_at < MOST_SOURCES; i++) {
        const struct qmon_frame *frame = &frames[i];

        if (!frame->in_app || frame->filtered || !frame->file || frame->line == 0 ||
            seen_before(sources->seen, sources->looked_at, frame))
            continue;
        sources->seen[sources->looked_at++] = frame;
        sources->printed += print_one(out, style, event, frame);
    }
}

/* Of an interpreter's stack one at least: the native frames do not use up all there is. */
void qmon__cli_page_source(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                           unsigned most) {
    const struct qmon_thread *thread = event->threads;
    struct sources sources = {.most = most};

    if (event->thread_count == 0)
        return;
    if (thread->runtime_frame_count > 0 && most > 1)
        sources.most--;
    print_of(out, style, event, thread->frames, thread->frame_count, &sources);
    sources.most = most;
    print_of(out, style, event, thread->runtime_frames, thread->runtime_frame_count, &sources);
}
