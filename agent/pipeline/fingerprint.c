/*
 * fingerprint.c: which events are the same problem.
 *
 * WHAT GOES IN. The kind, the program's base name, a class, and the functions that the program was in:
 *   crash      class: the exception's type; or the assertion; or the signal, with the cause where the cause is a class of
 *              its own (stack overflow, heap corruption, ...). Not the address, not whether a pointer was null or wild:
 *              a use after free is one bug whichever it meets.
 *   error      the code; without a trace the words of its message, numbers left out, and the endpoint.
 *   exit       service, program and status.   lifecycle   each its own: phase, host, process and its start.
 * A signal that another process or a terminal sent, or an exhausted CPU limit, says nothing about where the program was:
 * program and signal only.
 *
 * FUNCTIONS. At most the innermost 8 of the program's own (in_app), by their plain names (function_name.h): so addresses,
 * lines, hosts, clones that the optimizer made, template arguments and lambdas' numbers do not count. Inlined functions
 * count like others, which makes traces of -O0 and -O3 builds alike. A function counts once however often it is in the
 * trace, so the depth of a recursion does not matter. Where the trace is complete, its outermost function of the program
 * (main, or the one a thread was started with) is left out when others are left: it is no part of the problem on which
 * thread it happened. In a stack overflow the functions that go round in circles count, in the order of their names,
 * because where the stack ended is chance. A frame without a function counts as module, build id and offset. Without frames of
 * the program the runtime's and libc's stand in for them. Of an interpreter's own stack the innermost 3 functions of the
 * program count besides.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <qmon/pipeline.h>
#include <qmon/text.h>

#include "describe.h"
#include "function_name.h"
#include "recursion.h"

#define FUNCTIONS 8u
#define RUNTIME_FUNCTIONS 3u
#define NAME_BYTES 256u
#define LOOKED_AT 64u /* names gathered before the choice is made */

struct names {
    bool sourced; /* the source of one of them is known, so what was inlined is, too */
    size_t count;
    size_t outermost; /* index of the outermost of the trace, SIZE_MAX not known */
    char at[LOOKED_AT][NAME_BYTES];
};

static void mix(XXH3_state_t *state, const char *text) {
    if (text)
        XXH3_128bits_update(state, text, strlen(text));
    XXH3_128bits_update(state, "", 1); /* a border: "ab" "c" is not "a" "bc" */
}

static void mix_number(XXH3_state_t *state, uint64_t value) {
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    mix(state, text);
}

/* Text without what changes from one time to the next: digits and longer hexadecimal numbers. */
static void mix_words(XXH3_state_t *state, const char *text) {
    for (; text && *text;) {
        size_t digits = strspn(text, "0123456789abcdefABCDEFx");
        bool number = digits > 0 && strcspn(text, "0123456789") < digits;
        size_t bytes = digits > 0 ? digits : 1;
        XXH3_128bits_update(state, number ? "#" : text, number ? 1 : bytes);
        text += bytes;
    }
    mix(state, NULL);
}

static bool is_cause(const struct qmon_event *event, const char *kind) {
    return event->cause.kind && strcmp(event->cause.kind, kind) == 0;
}

static void name_frame(const struct qmon_frame *frame, char ret_name[NAME_BYTES]) {
    const char *module = frame->module ? qmon_base_name(frame->module) : "";

    if (frame->function)
        qmon__plain_function(frame->function, ret_name, NAME_BYTES);
    else if (frame->role == QMON_ROLE_APP)
        snprintf(ret_name, NAME_BYTES, "%.120s+%.48s+%" PRIx64, module, frame->build_id ? frame->build_id : "",
                 frame->module ? frame->offset : 0);
    else /* the libraries of another host are others */
        snprintf(ret_name, NAME_BYTES, "%.*s", (int) strcspn(module, "."), module);
}

static size_t find_name(const struct names *names, const char *name) {
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->at[i], name) == 0)
            return i;
    return SIZE_MAX;
}

static void add_name(struct names *names, const struct qmon_frame *frame) {
    char name[NAME_BYTES];

    name_frame(frame, name);
    names->sourced = names->sourced || frame->file;
    size_t known = find_name(names, name);
    names->outermost = known;
    if (known == SIZE_MAX && names->count < LOOKED_AT) {
        names->outermost = names->count;
        memcpy(names->at[names->count++], name, NAME_BYTES);
    }
}

/* Whose frames are looked at: the program's own; all that is built into it; all. */
enum scope { OWN, BUILT_IN, ALL, SCOPES };

static bool counts(const struct qmon_frame *frame, enum scope scope) {
    if (frame->role == QMON_ROLE_QMON || frame->filtered || frame->guess || !(frame->module || frame->function))
        return false;
    return scope == OWN ? frame->in_app : scope == BUILT_IN ? frame->role == QMON_ROLE_APP : true;
}

/* Where libc starts programs and threads, the walk is complete; _start, below it, may be the program's and nameless. */
static bool is_complete(const struct qmon_thread *thread, size_t *ret_end) {
    size_t end = thread->frame_count;

    if (end > 1 && thread->frames[end - 1].role == QMON_ROLE_APP && !thread->frames[end - 1].function &&
        thread->frames[end - 2].role == QMON_ROLE_LIBC)
        end--;
    *ret_end = end;
    return end > 0 && thread->frames[end - 1].role == QMON_ROLE_LIBC;
}

static void gather(const struct qmon_thread *thread, enum scope scope, struct names *names) {
    size_t end;
    bool complete = is_complete(thread, &end);

    names->count = 0;
    names->sourced = false;
    names->outermost = SIZE_MAX;
    for (size_t i = 0; i < end; i++)
        if (counts(&thread->frames[i], scope))
            add_name(names, &thread->frames[i]);
    if (!complete)
        names->outermost = SIZE_MAX;
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

/* The functions that call each other in circles; false where there is no circle. */
static bool gather_cycle(struct qmon_event *event, struct names *names) {
    const struct qmon_thread *thread = &event->threads[0];
    struct qmon__recursion cycle;

    if (!qmon__recursion_find(event, thread, &cycle))
        return false;
    *names = (struct names){.outermost = SIZE_MAX};
    for (size_t i = cycle.at; i < cycle.at + cycle.period; i++)
        if (counts(&thread->frames[i], ALL))
            add_name(names, &thread->frames[i]);
    qsort(names->at, names->count, NAME_BYTES, by_name);
    names->outermost = SIZE_MAX;
    return names->count > 0;
}

/* Where one function is all that is known of the program, because the optimizer put everything into it and nothing says what
 * was where, how it went wrong has to tell bugs apart: the cause, and how far into a null pointer. */
static void mix_manner(XXH3_state_t *state, const struct qmon_event *event) {
    mix(state, event->cause.kind);
    if (is_cause(event, "null-dereference"))
        mix_number(state, event->signal.address);
}

/* Returns how many functions went in. */
static size_t mix_trace(XXH3_state_t *state, struct qmon_event *event, bool overflow, bool any) {
    struct names names; /* large, and filled as far as it is used */
    size_t mixed = 0;

    if (event->thread_count == 0)
        return 0;
    names.count = 0;
    if (!overflow || !gather_cycle(event, &names)) {
        for (int scope = OWN; scope < (any ? SCOPES : ALL) && names.count == 0; scope++)
            gather(&event->threads[0], (enum scope) scope, &names);
    }
    if (names.count == 1 && !names.sourced)
        mix_manner(state, event);
    for (size_t i = 0; i < names.count && mixed < FUNCTIONS; i++) {
        if (i == names.outermost && i + 1 == names.count && i > 0)
            break;
        mix(state, names.at[i]);
        mixed++;
    }
    return mixed;
}

/* Which of the program's functions the interpreter was in: native code that it calls is the same from everywhere. */
static void mix_runtime(XXH3_state_t *state, const struct qmon_event *event) {
    const struct qmon_thread *thread = event->thread_count > 0 ? &event->threads[0] : NULL;
    size_t mixed = 0;

    for (size_t i = 0; thread && i < thread->runtime_frame_count && mixed < RUNTIME_FUNCTIONS; i++) {
        const struct qmon_frame *frame = &thread->runtime_frames[i];
        if (!frame->in_app || frame->filtered || !frame->function || !frame->file)
            continue;
        mix(state, frame->function);
        mix(state, qmon_base_name(frame->file));
        mixed++;
    }
}

/* Causes that are a class of their own, whatever signal they come with. */
static const char *class_of(const struct qmon_event *event) {
    static const char *const classes[] = {"stack-overflow",    "heap-corruption",   "stack-smashing", "buffer-overflow",
                                          "pure-virtual-call", "seccomp-violation", "killed",         "out-of-memory",
                                          "cpu-limit",         "file-size-limit",   "terminate",      "format-string"};
    const char *kind = event->cause.kind;

    for (size_t i = 0; kind && i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(kind, classes[i]) == 0)
            return classes[i];
    return NULL;
}

/* "Assertion `x > 0' failed in f (a.c:10)": the expression as it is, of its place no line. */
static void mix_assertion(XXH3_state_t *state, const char *title) {
    static const char border[] = "' failed in ";
    const char *place = title ? title : "";

    for (const char *at = place; (at = strstr(at, border)) != NULL; at++)
        place = at;
    XXH3_128bits_update(state, title, title ? (size_t) (place - title) : 0);
    mix_words(state, place);
}

/* "AddressSanitizer: heap-use-after-free in f (a.c:10)": what was found, not where. */
static void mix_finding(XXH3_state_t *state, const char *title) {
    const char *end = title ? strstr(title, " in ") : NULL;

    if (end)
        XXH3_128bits_update(state, title, (size_t) (end - title));
    mix(state, end ? NULL : title);
}

/* Signals that come from outside find the program anywhere. */
static bool is_from_outside(const struct qmon_event *event) {
    if (is_cause(event, "sent-signal"))
        return event->signal.sender_pid != event->process.pid;
    return is_cause(event, "quit") || is_cause(event, "cpu-limit");
}

static void mix_first_thrower(XXH3_state_t *state, const struct qmon_event *event) {
    const struct qmon_thread *thrown = event->exception.thrown_count ? event->exception.thrown : NULL;
    char name[NAME_BYTES];

    for (size_t i = 0; thrown && i < thrown->frame_count; i++) {
        if (!counts(&thrown->frames[i], OWN))
            continue;
        name_frame(&thrown->frames[i], name);
        mix(state, name);
        return;
    }
}

/* One that was thrown on comes from where it was thrown first: who waits for all futures of a program is always the same. */
static void mix_exception(XXH3_state_t *state, const struct qmon_event *event) {
    mix(state, event->exception.type);
    mix_first_thrower(state, event);
}

static void mix_crash(XXH3_state_t *state, struct qmon_event *event) {
    const char *class = class_of(event);

    mix(state, event->process.executable ? qmon__program_name(event) : NULL);
    if (is_cause(event, "uncaught-exception"))
        mix_exception(state, event);
    else if (is_cause(event, "assertion"))
        mix_assertion(state, event->title);
    else if (is_cause(event, "sanitizer"))
        mix_finding(state, event->title);
    else if (is_cause(event, "jump-to-null") || is_cause(event, "wild-jump"))
        mix(state, "jump");
    else
        mix(state, class ? class : event->signal.name ? event->signal.name : event->cause.kind);
    if (!is_from_outside(event)) {
        mix_trace(state, event, is_cause(event, "stack-overflow"), true);
        if (!is_cause(event, "stack-overflow"))
            mix_runtime(state, event);
    }
}

static void mix_error(XXH3_state_t *state, struct qmon_event *event) {
    mix(state, event->process.executable ? qmon__program_name(event) : NULL);
    mix(state, event->code);
    if (mix_trace(state, event, false, false) == 0) {
        mix_words(state, event->report.endpoint);
        mix_words(state, event->message);
    }
}

static void mix_process(XXH3_state_t *state, const struct qmon_event *event) {
    mix(state, event->lifecycle.phase);
    if (event->lifecycle.problem)
        mix(state, event->lifecycle.problem);
    mix(state, event->host.name);
    mix_number(state, event->process.pid);
    mix_number(state, event->process.start_time_ns);
    mix(state, qmon__program_name(event));
}

void qmon_fingerprint(struct qmon_event *event) {
    XXH3_state_t state;

    XXH3_128bits_reset(&state);
    mix(&state, "1"); /* of this way to make them */
    mix(&state, qmon_kind_name(event->kind));
    switch (event->kind) {
    case QMON_KIND_CRASH:
        mix_crash(&state, event);
        break;
    case QMON_KIND_ERROR:
        mix_error(&state, event);
        break;
    case QMON_KIND_EXIT:
        mix(&state, event->service.name);
        mix(&state, qmon__program_name(event));
        mix_number(&state, (uint64_t) event->exit.status);
        mix_trace(&state, event, false, false);
        mix_first_thrower(&state, event);
        break;
    case QMON_KIND_LIFECYCLE:
        mix_process(&state, event);
        break;
    }
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    snprintf(event->fingerprint, sizeof event->fingerprint, "%016" PRIx64 "%016" PRIx64, (uint64_t) hash.high64,
             (uint64_t) hash.low64);
}
