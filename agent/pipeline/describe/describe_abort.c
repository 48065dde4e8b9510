/*
 * describe_abort.c: deaths that the program or one of its libraries decided on: failed assertions, uncaught exceptions,
 * glibc's own checks, pure virtual calls, panics, plain abort().
 */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/record.h>
#include <qmon/text.h>

#include "describe.h"
#include "function_name.h"

#define TEXT_COLUMNS 120

/* ":12: " in "prog: file.c:12: func: "; *ret_line is the number. */
static const char *find_line(const char *at, const char *end, uint32_t *ret_line) {
    for (; at < end; at++) {
        if (*at != ':' || !isdigit((unsigned char) at[1]))
            continue;
        char *behind;
        unsigned long line = strtoul(at + 1, &behind, 10);
        if (behind[0] == ':' && behind[1] == ' ' && line <= UINT32_MAX) {
            *ret_line = (uint32_t) line;
            return at;
        }
    }
    return NULL;
}

bool qmon__parse_assertion(struct qmon_event *event, const char *message, struct qmon__assertion *ret_assertion) {
    static const char opening[] = "Assertion `", closing[] = "' failed.";
    const char *assertion = strstr(message, opening), *end = NULL;
    struct qmon__assertion parsed = {0};

    if (!assertion)
        return false;
    const char *expression = assertion + sizeof opening - 1;
    for (const char *at = expression; (at = strstr(at, closing)) != NULL; at++)
        end = at;
    const char *colon = find_line(message, assertion, &parsed.line);
    if (!end || !colon)
        return false;
    const char *file = message;
    for (const char *at = message; at + 1 < colon; at++)
        if (at[0] == ':' && at[1] == ' ')
            file = at + 2;
    const char *function = strstr(colon, ": ") + 2;
    parsed.expression = qmon_event_text_n(event, expression, (size_t) (end - expression));
    parsed.file = qmon_event_text_n(event, file, (size_t) (colon - file));
    if (function + 2 < assertion)
        parsed.function = qmon_event_text_n(event, function, (size_t) (assertion - 2 - function));
    *ret_assertion = parsed;
    return parsed.expression && parsed.file;
}

static bool describe_assertion(struct qmon_event *event, const struct qmon_crash_facts *facts,
                               struct qmon__cause *ret_cause) {
    struct qmon__assertion it = {facts->assertion, facts->assertion_file, facts->assertion_function,
                                 facts->assertion_line};
    char name[256] = "";

    if (!it.expression && !(facts->abort_message && qmon__parse_assertion(event, facts->abort_message, &it)))
        return false;
    const char *file = it.file ? it.file : "an unknown file";
    if (!facts->assertion && strcmp(qmon_base_name(file), "malloc.c") == 0)
        return false; /* glibc's own, which is about its heap */
    if (it.function)
        qmon__plain_function(it.function, name, sizeof name);
    ret_cause->kind = "assertion";
    if (it.file)
        ret_cause->place = qmon_event_format(event, "%s%s%s:%u%s", name, name[0] ? " (" : "", qmon_base_name(file),
                                             it.line, name[0] ? ")" : "");
    if (facts->abort_message && strstr(facts->abort_message, ": Unexpected error: ")) { /* assert_perror() */
        ret_cause->title = qmon_event_format(event, "Unexpected error: %s", it.expression);
        ret_cause->detail =
            qmon_event_format(event, "The program insists that a call succeeds, and it failed: %s.", it.expression);
        return true;
    }
    ret_cause->title =
        qmon_event_format(event, "Assertion `%s' failed", qmon__one_line(event, it.expression, TEXT_COLUMNS));
    ret_cause->detail = qmon_event_format(event, "The program checks that %s, and it was not so (%s, line %u%s%s).",
                                          it.expression, file, it.line, name[0] ? ", in " : "", name);
    return true;
}

/* abort() in a catch block: the capture sees an exception there too. */
static bool program_called_abort(const struct qmon_event *event) {
    if (event->thread_count == 0 || qmon__trace_has(event, "std::terminate"))
        return false;
    const struct qmon_thread *thread = &event->threads[0];
    for (size_t i = 0; i + 1 < thread->frame_count; i++) {
        const struct qmon_frame *caller = &thread->frames[i + 1];
        if (!thread->frames[i].function || strcmp(thread->frames[i].function, "abort") != 0)
            continue;
        return caller->role == QMON_ROLE_APP && caller->function && strncmp(caller->function, "__", 2) != 0;
    }
    return false;
}

/* The function of the program behind the one that throws: terminate() is called on top of that stack, and a terminate handler of the
 * program's stands in between. */
static const char *thrower(struct qmon_event *event, const struct qmon_thread *thread, bool thrown) {
    static const char *const throws[] = {"__cxa_throw", "__cxa_rethrow", "std::rethrow_exception"};

    for (size_t i = 0; thread && i < thread->frame_count; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        char name[256];
        if (thrown && frame->in_app && frame->function) {
            qmon__plain_function(frame->function, name, sizeof name);
            return frame->file ? qmon_event_format(event, "%s (%s:%u)", name, qmon_base_name(frame->file), frame->line)
                               : qmon_event_format(event, "%s (%s)", name, qmon_base_name(frame->module));
        }
        for (size_t t = 0; frame->function && t < sizeof throws / sizeof throws[0]; t++)
            thrown = thrown || strncmp(frame->function, throws[t], strlen(throws[t])) == 0;
    }
    return NULL;
}

const char *qmon__first_thrower(struct qmon_event *event) {
    return event->exception.thrown_count ? thrower(event, event->exception.thrown, true) : NULL;
}

static bool describe_exception(struct qmon_event *event, const struct qmon_crash_facts *facts,
                               struct qmon__cause *ret_cause) {
    const char *type = event->exception.type, *what = event->exception.message;

    if (!type && !qmon__trace_has(event, "std::terminate"))
        return false;
    if (!type) {
        ret_cause->kind = "terminate";
        ret_cause->title = "std::terminate";
        ret_cause->detail =
            "C++ ended the program (std::terminate) without an exception that could be named: a joinable "
            "std::thread was destroyed, or an exception left a function that promised not to throw.";
        return true;
    }
    if (facts->origin != QMON_ORIGIN_TERMINATE || program_called_abort(event))
        return false;
    const char *said = what ? qmon_event_format(event, ": %s", what) : "";
    ret_cause->kind = "uncaught-exception";
    const char *last = thrower(event, event->thread_count ? &event->threads[0] : NULL, false);
    const char *first = qmon__first_thrower(event);
    ret_cause->place = first ? first : last;
    ret_cause->title = qmon_event_format(event, "%s%s", type, qmon__one_line(event, said, TEXT_COLUMNS));
    const char *scarcity = strcmp(type, "std::bad_alloc") == 0 ? qmon__scarcity_words(event) : "";
    const char *way = "";
    if (first)
        way = qmon_event_format(event, " in %s%s%s,", first, last ? ", thrown on by " : " and thrown on",
                                last ? last : "");
    ret_cause->detail = qmon_event_format(event, "An exception of type %s was thrown%s and nothing caught it%s%s%s",
                                          type, way, said, what && !*scarcity ? "" : ".", scarcity);
    return true;
}

/* glibc's own words, the first that fits counts. */
static const struct {
    const char *words, *kind, *title, *means;
} sayings[] = {
    {"*** stack smashing detected", "stack-smashing", "Stack smashing",
     "A function wrote past the end of one of its local arrays and over its own return address; it is the function that "
     "was about to return"},
    {"*** buffer overflow detected", "buffer-overflow", "Buffer overflow",
     "A libc function was about to write past the end of a buffer whose size the compiler knew"},
    {"*** bit out of range", "buffer-overflow", "File descriptor beyond FD_SETSIZE",
     "A file descriptor of 1024 or more was put into an fd_set of select()"},
    {"*** %n in writable segment", "format-string", "%n in a writable format string",
     "printf was given a format string that can be written to and holds %n"},
    {"*** invalid %N$ use", "format-string", "Invalid format string", "printf was given a format string with gaps"},
    {"longjmp causes uninitialized", "invalid-longjmp", "longjmp to a frame that is gone",
     "longjmp was asked to go to a function that has returned already"},
    {"double free", "heap-corruption", "Double free", "A block of memory was freed that had been freed already"},
    {"free(): invalid pointer", "heap-corruption", "Invalid free",
     "free() was given a pointer that malloc() never returned, or one that was changed since"},
    {"munmap_chunk(): invalid pointer", "heap-corruption", "Invalid free",
     "free() was given a pointer that malloc() never returned, or the bytes before the block were overwritten"},
    {"realloc(): invalid pointer", "heap-corruption", "Invalid realloc",
     "realloc() was given a pointer that malloc() never returned, or one that was changed since"},
    {"free(): ", "heap-corruption", "Heap corruption", NULL},
    {"malloc(): ", "heap-corruption", "Heap corruption", NULL},
    {"realloc(): ", "heap-corruption", "Heap corruption", NULL},
    {"calloc(): ", "heap-corruption", "Heap corruption", NULL},
    {"corrupted size vs. prev_size", "heap-corruption", "Heap corruption", NULL},
    {"corrupted double-linked list", "heap-corruption", "Heap corruption", NULL},
    {"malloc_consolidate(): ", "heap-corruption", "Heap corruption", NULL},
    {"mremap_chunk(): ", "heap-corruption", "Heap corruption", NULL},
    {"munmap_chunk(): ", "heap-corruption", "Heap corruption", NULL},
    {"tcache_thread_shutdown(): ", "heap-corruption", "Heap corruption", NULL},
    {"invalid fastbin entry", "heap-corruption", "Heap corruption", NULL},
    {"break adjusted to free malloc space", "heap-corruption", "Heap corruption", NULL},
    {"malloc assertion failure", "heap-corruption", "Heap corruption", NULL},
    {"malloc.c:", "heap-corruption", "Heap corruption", NULL},
    {"FATAL: exception not rethrown", "exception-not-rethrown", "Thread cancellation swallowed",
     "A catch (...) block caught the cancellation of its thread and did not throw it on"},
};

static bool describe_saying(struct qmon_event *event, const char *message, struct qmon__cause *ret_cause) {
    static const char heap[] =
        "malloc's own records were overwritten, earlier and perhaps elsewhere: something wrote past "
        "the end of a block, or into one that was freed";

    if (!message || !*message)
        return false;
    for (size_t i = 0; i < sizeof sayings / sizeof sayings[0]; i++) {
        if (!strstr(message, sayings[i].words))
            continue;
        ret_cause->kind = sayings[i].kind;
        ret_cause->title = sayings[i].title;
        ret_cause->detail = qmon_event_format(event, "%s. glibc says: %s", sayings[i].means ? sayings[i].means : heap,
                                              qmon__one_line(event, message, 400));
        return true;
    }
    ret_cause->kind = "abort";
    ret_cause->title = qmon__one_line(event, message, TEXT_COLUMNS);
    ret_cause->detail = qmon_event_format(event, "The program was aborted with the words: %s", message);
    return true;
}

/* Functions that only ever run for one reason. */
static const struct {
    const char *function, *kind, *title, *means;
} endings[] = {
    {"__stack_chk_fail", "stack-smashing", "Stack smashing",
     "A function wrote past the end of one of its local arrays and over its own return address."},
    {"__chk_fail", "buffer-overflow", "Buffer overflow",
     "A libc function was about to write past the end of a buffer whose size the compiler knew."},
    {"__cxa_pure_virtual", "pure-virtual-call", "Pure virtual call",
     "A virtual function was called that no class had filled in: on an object under construction or destruction, or on "
     "one that is gone."},
    {"__cxa_deleted_virtual", "pure-virtual-call", "Deleted virtual call", "A deleted virtual function was called."},
    {"__asan_report_error", "sanitizer", "AddressSanitizer report",
     "AddressSanitizer found an error and ended the program."},
    {"__sanitizer::Die", "sanitizer", "Sanitizer report", "A sanitizer found an error and ended the program."},
    {"Py_FatalError", "fatal-error", "Python fatal error", "The Python interpreter gave up."},
    {"node::Abort", "fatal-error", "Node.js fatal error", "Node.js gave up."},
};

static bool describe_ending(struct qmon_event *event, struct qmon__cause *ret_cause) {
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (!qmon__trace_has(event, endings[i].function))
            continue;
        *ret_cause =
            (struct qmon__cause){.kind = endings[i].kind, .title = endings[i].title, .detail = endings[i].means};
        return true;
    }
    return false;
}

static bool describe_plain_abort(struct qmon_event *event, const struct qmon_crash_facts *facts,
                                 struct qmon__cause *ret_cause) {
    if (facts->origin != QMON_ORIGIN_ABORT && facts->origin != QMON_ORIGIN_ASSERT &&
        facts->origin != QMON_ORIGIN_TERMINATE)
        return false;
    ret_cause->kind = "abort";
    ret_cause->detail =
        event->exception.type
            ? qmon_event_format(event, "The program called abort() while it dealt with an exception of type %s.",
                                event->exception.type)
            : "The program called abort().";
    return true;
}

bool qmon__describe_abort(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause) {
    bool said = event->signal.number == SIGABRT || facts->origin == QMON_ORIGIN_ABORT ||
                facts->origin == QMON_ORIGIN_ASSERT || facts->origin == QMON_ORIGIN_TERMINATE;

    if (!said)
        return false;
    return describe_assertion(event, facts, ret_cause) || describe_saying(event, facts->abort_message, ret_cause) ||
           qmon__describe_panic(event, ret_cause) || describe_ending(event, ret_cause) ||
           describe_exception(event, facts, ret_cause) || describe_plain_abort(event, facts, ret_cause);
}
