/* describe.h: finding the cause of a crash, a family of causes a file. Private to describe*.c. */
#ifndef QMON_PIPELINE_DESCRIBE_H
#define QMON_PIPELINE_DESCRIBE_H

#include <qmon/pipeline.h>

/* What was found. Strings are static or the event's. */
struct qmon__cause {
    const char *kind;   /* "null-dereference"; NULL: nothing was found */
    const char *detail; /* a sentence or two */
    const char *title;  /* what happened, without where; NULL: the signal's name says it */
    const char *place;  /* "f (a.c:10)" where that is known better than from the trace; NULL: it is not */
};

/* Each fills *ret_cause and returns true when the crash is of its family. */
bool qmon__describe_abort(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause);
bool qmon__describe_sanitizer(struct qmon_event *event, const struct qmon_crash_facts *facts,
                              struct qmon__cause *ret_cause);
bool qmon__describe_sent(struct qmon_event *event, struct qmon__cause *ret_cause);
bool qmon__describe_stack(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause);
bool qmon__describe_code(struct qmon_event *event, const struct qmon_crash_facts *facts, struct qmon__cause *ret_cause);
bool qmon__describe_memory(struct qmon_event *event, const struct qmon_crash_facts *facts,
                           struct qmon__cause *ret_cause);
bool qmon__describe_trap(struct qmon_event *event, const struct qmon_crash_facts *facts, struct qmon__cause *ret_cause);

/* "f (a.c:10)": the program's own function that threw, where the exception was thrown on; NULL: it was not, or is not known. */
const char *qmon__first_thrower(struct qmon_event *event);

/* Of a Rust program whose panic did not stay in its thread: which it was. */
bool qmon__describe_panic(struct qmon_event *event, struct qmon__cause *ret_cause);

/* What the bytes of a pointer gone wrong look like: text, a debugger's pattern; NULL: like nothing. */
const char *qmon__value_words(struct qmon_event *event, uint64_t value);
/* "rdi holds 0x4141..." of the first register that can be no address; NULL: there is none. */
const char *qmon__wild_register(struct qmon_event *event);

/* The library that was opened last of those that are not there any more, by the name it was opened by; NULL: none is missing. */
const char *qmon__unloaded_library(const struct qmon_event *event);

/* A sentence where the crash may come of memory that was not to be had, which the thread's errno tells; else "". */
const char *qmon__scarcity_words(struct qmon_event *event);

/* "Assertion `x > 0' failed." as glibc words it, taken apart. False: it is not one. */
struct qmon__assertion {
    const char *expression, *file, *function; /* function NULL: outside of one */
    uint32_t line;
};
bool qmon__parse_assertion(struct qmon_event *event, const char *message, struct qmon__assertion *ret_assertion);

/* Is there a frame of this function among the crashing thread's innermost? */
bool qmon__trace_has(const struct qmon_event *event, const char *function);
/* "f (a.c:10)" of the event's origin; NULL when there is no frame worth naming. */
const char *qmon__describe_where(struct qmon_event *event);
/* One line of at most `columns` characters. Memory of the event. */
const char *qmon__one_line(struct qmon_event *event, const char *text, size_t columns);
const char *qmon__program_name(const struct qmon_event *event);

#endif
