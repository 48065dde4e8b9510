/*
 * render.h: an event's traces as text, the same for the terminal and for channels. Pure: event in, rows out; no clock, no
 * environment, no I/O. Safe for any event, hostile ones included: every row is one line of valid UTF-8 without control
 * characters (but the colours asked for), of at most QMON_RENDER_ROW_BYTES.
 *
 * FOLDING. qmon's own frames are never shown. Runs of two or more libc frames, and of filtered frames, become one row; so
 * do runs of three or more runtime frames where the thread has in-app frames to look at. The frame that faulted is shown
 * even so. Of threads that stand in the same place the first is shown, which says how many they are. The stack of an interpreter comes first where nothing native but the interpreter is on the thread, else behind
 * the native frames. Frames that repeat (recursion of
 * a period up to 16 frames, three times or more) are shown once, followed by a row that says how often; frames that the
 * capture did not keep, inside a recursion, are counted as part of it. Where max_rows cuts, the middle goes, and a row
 * says how many frames that were. The origin's row is never folded.
 */
#ifndef QMON_RENDER_H
#define QMON_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/event.h>

#define QMON_RENDER_ROW_BYTES 1024

struct qmon_render_options {
    bool color;         /* ANSI escapes */
    bool all_threads;   /* with a row that names each; else the first thread only, without one */
    bool unfolded;      /* every frame but qmon's own, nothing folded but what was not captured */
    bool base_names;    /* "http.c:212", not "/srv/build/src/http.c:212" */
    size_t max_rows;    /* for each thread; 0 no limit. Below 8 is taken as 8 */
    size_t max_columns; /* of a row, in characters; longer functions and paths are cut in their middle; 0: 200 */
    const char *indent; /* put before each row; NULL none */
};

enum qmon_render_kind {
    QMON_ROW_THREAD,   /* names the thread that follows */
    QMON_ROW_FRAME,    /* one frame */
    QMON_ROW_FOLDED,   /* `count` frames that are of little interest */
    QMON_ROW_REPEATED, /* the `count` frames before it came `times` times in all */
    QMON_ROW_OMITTED,  /* `times` frames that were not captured */
    QMON_ROW_CUT,      /* `times` frames left out for max_rows */
    QMON_ROW_NOTE,     /* why the trace ends here */
};

struct qmon_render_row { /* borrowed, for the call only */
    enum qmon_render_kind kind;
    const struct qmon_thread *thread;
    const struct qmon_frame *frame; /* QMON_ROW_FRAME: this one; else NULL */
    bool origin;                    /* this frame is the event's origin */
    size_t first, count;            /* the thread's frames that it stands for */
    uint64_t times;
    const char *text; /* without newline */
};
typedef void qmon_render_output(void *context, const struct qmon_render_row *row);

/* Gives the rows in order, innermost frame first. options NULL: all defaults. Returns 0, or -ENOMEM (nothing was given
 * for the thread at hand). An event without threads gives no rows. */
int qmon_render_trace(const struct qmon_event *event, const struct qmon_render_options *options,
                      qmon_render_output *output, void *context);

/* The same as one text, a newline after each row, to be freed with free(). "" without threads. NULL: out of memory. */
char *qmon_render_trace_text(const struct qmon_event *event, const struct qmon_render_options *options);

/* Where it happened: "parse_header (http.c:212)", "parse_header+0x1c (libhttp.so)", "libhttp.so+0x4f12". Of the origin,
 * else of the program's first frame of the interpreter's stack, else of the first frame that is not qmon's or libc's, else of the first. Returns that frame, or NULL when there is
 * none (ret_text is then ""). */
const struct qmon_frame *qmon_render_where(const struct qmon_event *event, bool base_names, char *ret_text,
                                           size_t bytes);

/* The frame that the event is about: the origin, or the program's first frame of the interpreter's stack; NULL none. */
const struct qmon_frame *qmon_render_origin(const struct qmon_event *event);
/* The program's innermost frame of the interpreter's stack of a thread; NULL none. */
const struct qmon_frame *qmon_render_runtime_origin(const struct qmon_thread *thread);

/* How often over the whole fleet: "47 in all on 12 hosts; by version: 1.4.2 40, 1.4.1 7". Returns whether that says more than
 * the event's other counts do. "" and false where nobody counts for the fleet. One line; holds text from outside. */
#define QMON_RENDER_FLEET_BYTES 320
bool qmon_render_fleet(const struct qmon_event *event, char *ret_text, size_t bytes);

/* Text for people, into the caller's buffer, which they return. 32 bytes are enough. */
char *qmon_render_number(uint64_t value, char *ret_text, size_t bytes); /* "41,312" */
#define QMON_RENDER_BYTES_TEXT 32
char *qmon_render_bytes(uint64_t bytes_count, char *ret_text, size_t bytes); /* "8 MB", "1.4 GB"; 1024 are a KB */
char *qmon_render_duration(uint64_t duration_ns, char *ret_text,
                           size_t bytes);                               /* "5 ms", "1.2 s", "3 min 20 s", "2 d 4 h" */
char *qmon_render_time(uint64_t time_ns, char *ret_text, size_t bytes); /* "2024-11-20 23:32:10 UTC" */

#endif
