/*
 * sample_event.h: events for tests, made without the pipeline. Strings are borrowed: literals, or of the caller. Frames are
 * kept in the sample; nothing is freed.
 */
#ifndef QMON_SAMPLE_EVENT_H
#define QMON_SAMPLE_EVENT_H

#include <qmon/event.h>

#define SAMPLE_FRAMES 600

struct sample {
    struct qmon_event event;
    struct qmon_thread thread;
    struct qmon_frame frames[SAMPLE_FRAMES];
};

/* A crash of kind SIGSEGV with service, host, process and fingerprint filled in, and no frames yet. */
void sample_crash(struct sample *sample);
/* Adds one frame to the crashing thread; the first in-app one becomes the origin. */
struct qmon_frame *sample_frame(struct sample *sample, enum qmon_frame_role role, const char *function,
                                const char *file, uint32_t line);
/* A typical trace: two libc frames above, three of the program, one inlined, libc's start below. */
void sample_trace(struct sample *sample);
/* Start of a root process. */
void sample_startup(struct sample *sample);
/* qmon_report("404", "/api/users", "u-17", ...) with two extras. */
void sample_error(struct sample *sample);
/* 512 frames with names of 3 KB, and hostile text in every member. */
void sample_hostile(struct sample *sample);

#endif
