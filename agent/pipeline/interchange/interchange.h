/* interchange.h: what the writers of other formats share. Private to interchange_*.c. */
#ifndef QMON_PIPELINE_INTERCHANGE_H
#define QMON_PIPELINE_INTERCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <qmon/event.h>

#include "text_buffer.h"

struct qmon__trace_limits {
    size_t frames;  /* of each thread; the middle goes */
    size_t threads; /* the first ones stay */
};

/* Frames `*ret_first_out` up to `*ret_first_out + *ret_out` of a thread do not fit into `most`. */
void qmon__trace_cut(const struct qmon_thread *thread, size_t most, size_t *ret_first_out, size_t *ret_out);

/* "6.1.0-13-amd64" of "Linux 6.1.0-13-amd64"; NULL for NULL. */
const char *qmon__kernel_release(const struct qmon_event *event);

/* One thread's frames as gdb prints them, a line each. */
void qmon__gdb_frames(struct qmon__buffer *out, const struct qmon_event *event, const struct qmon_thread *thread,
                      size_t most_frames);
/* All of them, each with its heading. */
void qmon__gdb_threads(struct qmon__buffer *out, const struct qmon_event *event,
                       const struct qmon__trace_limits *limits);

/* --- interchange_context.c --- */
/* "python" and "3.11.2" of "python 3.11.2"; the version may be "". False: no runtime is known. */
#define QMON__RUNTIME_BYTES 64
bool qmon__split_runtime(const struct qmon_event *event, char ret_name[QMON__RUNTIME_BYTES],
                         char ret_version[QMON__RUNTIME_BYTES]);
struct qmon__context_fact { /* borrowed, for the call only */
    const char *key;
    const char *text; /* NULL: it is a number */
    uint64_t number;
};
typedef void qmon__context_visit(void *context, const struct qmon__context_fact *fact);
/* What is known of the process: memory, descriptors, limits, ... */
void qmon__each_context(const struct qmon_event *event, qmon__context_visit *visit, void *context);
/* Registers by name: value, and what it points to. */
void qmon__each_register(const struct qmon_event *event, qmon__context_visit *visit, void *context);

/* --- interchange_sentry_trace.c --- */
void qmon__sentry_stacktrace(struct qmon__buffer *out, const struct qmon_event *event, const struct qmon_thread *thread,
                             size_t most_frames);
void qmon__sentry_threads(struct qmon__buffer *out, const struct qmon_event *event,
                          const struct qmon__trace_limits *limits, bool with_first_trace);
/* debug_meta: the modules that frames lie in. */
void qmon__sentry_images(struct qmon__buffer *out, const struct qmon_event *event);

#endif
