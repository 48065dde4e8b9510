/*
 * filter.c: what of a trace is the program's own, what is left out of it, and which events nobody wants.
 *
 * The origin is the first frame that is neither qmon's, libc's nor a runtime's: where the program itself was when things
 * went wrong. A frame that was only guessed (frame pointers, a scan of the stack) is never a reason to ignore an event, and
 * is the origin only where nothing better is known.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>
#include <qmon/text.h>

#include "function_name.h"
#include "internal.h"

static bool matches(const struct qmon_patterns *patterns, const char *text) {
    if (!text || !*text)
        return false;
    for (size_t i = 0; i < patterns->count; i++)
        if (patterns->items[i] && fnmatch(patterns->items[i], text, 0) == 0)
            return true;
    return false;
}

bool qmon_matches_path(const struct qmon_patterns *patterns, const char *path) {
    return path && (matches(patterns, path) || matches(patterns, qmon_base_name(path)));
}

/* A frame that nothing is known of (a jump to nowhere, code made at run time) is nobody's. */
static bool is_known(const struct qmon_frame *frame) {
    return frame->module || frame->function || frame->language;
}

/* What a language brings with it, where it is built into the program and no source file says so. */
static bool is_runtimes(const char *function) {
    static const char *const prefixes[] = {
        "std::",      "__gnu_cxx::", "__cxxabiv1::", "__cxa_",        "_Unwind_", "__rust_",
        "core::",     "alloc::",     "<core::",      "<alloc::",      "<std::",   "rust_begin_unwind",
        "rust_panic", "__asan_",     "__ubsan_",     "__sanitizer::", "runtime.", "__clang_call_terminate"};
    char name[128];

    if (!function)
        return false;
    qmon__plain_function(function, name, sizeof name);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (name[0] == prefixes[i][0] && strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static bool is_programs(const struct qmon_frame *frame) {
    return frame->role == QMON_ROLE_APP && is_known(frame) && !is_runtimes(frame->function);
}

/* Traces are long and repeat their modules: what the last frame's module came to is kept. */
struct module_verdict {
    const char *module;
    bool filtered;
};

static void mark_frame(struct qmon_frame *frame, const struct qmon_patterns *files, struct module_verdict *last) {
    frame->filtered = false;
    if (files->count > 0) {
        if (frame->module != last->module)
            *last = (struct module_verdict){frame->module, qmon_matches_path(files, frame->module)};
        frame->filtered = last->filtered || qmon_matches_path(files, frame->file);
    }
    frame->in_app = !frame->filtered && !frame->guess && is_programs(frame);
}

static void mark_threads(struct qmon_thread *threads, size_t count, const struct qmon_patterns *files) {
    struct module_verdict last = {0};

    for (size_t t = 0; t < count; t++) {
        const bool marked = threads[t].frames_json != NULL; /* those of an event before, marks and all */
        for (size_t i = 0; !marked && i < threads[t].frame_count; i++)
            mark_frame(&threads[t].frames[i], files, &last);
        for (size_t i = 0; i < threads[t].runtime_frame_count; i++)
            mark_frame(&threads[t].runtime_frames[i], files, &last);
    }
}

/* How good a frame is as the origin; 0 not at all. */
static unsigned worth(const struct qmon_frame *frame) {
    if (frame->filtered || frame->role != QMON_ROLE_APP || !is_known(frame))
        return 0;
    return frame->in_app ? 3 : frame->guess ? 1 : 2;
}

/* Sets event->origin and says whether the frame that would have been it is filtered out. */
static bool find_origin(struct qmon_event *event) {
    bool seen = false, filtered = false;
    unsigned best = 0;

    event->origin = SIZE_MAX;
    if (event->thread_count == 0)
        return false;
    const struct qmon_thread *thread = &event->threads[0];
    for (size_t i = 0; i < thread->frame_count && best < 3; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (!seen && is_programs(frame) && !frame->guess) {
            seen = true;
            filtered = frame->filtered;
        }
        if (worth(frame) > best) {
            best = worth(frame);
            event->origin = i;
        }
    }
    return filtered;
}

bool qmon__code_number(const struct qmon_event *event, char ret_number[QMON__CODE_BYTES]) {
    ret_number[0] = '\0';
    if (event->kind == QMON_KIND_EXIT && event->exit.present)
        snprintf(ret_number, QMON__CODE_BYTES, "%d", event->exit.status);
    else if (event->kind == QMON_KIND_CRASH && event->signal.number > 0)
        snprintf(ret_number, QMON__CODE_BYTES, "%d", event->signal.number);
    return ret_number[0] != '\0';
}

/* The code as it is shown, and its number alone: "SIGTERM" is "15" too, "exit:2" is "2" too. */
static bool is_ignored_code(const struct qmon_event *event, const struct qmon_patterns *codes) {
    char number[QMON__CODE_BYTES];

    if (codes->count == 0)
        return false;
    return matches(codes, event->code) || (qmon__code_number(event, number) && matches(codes, number));
}

/* With and without the query: a health check is one however it is asked. */
static bool is_ignored_endpoint(struct qmon_event *event, const struct qmon_patterns *endpoints) {
    const char *endpoint = event->report.endpoint;

    if (endpoints->count == 0 || !endpoint)
        return false;
    if (matches(endpoints, endpoint))
        return true;
    size_t path = strcspn(endpoint, "?#");
    return endpoint[path] && matches(endpoints, qmon_event_text_n(event, endpoint, path));
}

const char *qmon_filter(struct qmon_event *event, const struct qmon_config *config) {
    mark_threads(event->threads, event->thread_count, &config->ignored_files);
    mark_threads(event->exception.thrown, event->exception.thrown_count, &config->ignored_files);
    bool origin_filtered = find_origin(event);

    if (is_ignored_code(event, &config->ignored_codes))
        return "ignored-code";
    if (is_ignored_endpoint(event, &config->ignored_endpoints))
        return "ignored-endpoint";
    return origin_filtered ? "ignored-file" : NULL;
}
