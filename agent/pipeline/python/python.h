/*
 * python.h: the Python stacks of a CPython process, read from its memory. What is there is untrusted: every object is looked at
 * only once its type is known to be the interpreter's own, every text and every chain is bounded, and where anything does not
 * fit there is no stack rather than a wrong one. Private to python*.c and runtime.c.
 */
#ifndef QMON_PIPELINE_PYTHON_H
#define QMON_PIPELINE_PYTHON_H

#include <qmon/pipeline.h>

#define QMON__PYTHON_PATH_BYTES 1024u

enum qmon__python_lines {
    QMON__LINES_LNOTAB,    /* 3.9: pairs of steps, code in bytes */
    QMON__LINES_TABLE,     /* 3.10: PEP 626 */
    QMON__LINES_LOCATIONS, /* since 3.11: PEP 657 */
};

/* Offsets in the interpreter's structures; QMON__PYTHON_NONE: the version has no such field. */
#define QMON__PYTHON_NONE UINT32_MAX
struct qmon__python_layout {
    uint32_t version; /* 0x030b is 3.11 */
    enum qmon__python_lines lines;
    uint32_t interpreters;                            /* _PyRuntimeState: the first interpreter */
    uint32_t interpreter_next, interpreter_threads;   /* PyInterpreterState */
    uint32_t thread_next, thread_pthread, thread_tid; /* PyThreadState; tid: the kernel's */
    uint32_t thread_frame, control_frame;             /* control_frame: one more structure in between */
    uint32_t frame_code, frame_back, frame_at;        /* at: an index or a pointer into the code */
    uint32_t frame_owner;                             /* 3: no Python frame, but a mark of the C stack */
    uint32_t code_file, code_name, code_line, code_lines, code_bytes;
    uint32_t text_ascii, text_compact; /* headers before the characters */
};

/* NULL: none that we know. */
const struct qmon__python_layout *qmon__python_layout(uint32_t version);
/* Since 3.13 the runtime begins with its own offsets. False: there are none, or none that we can use. */
bool qmon__python_read_layout(const struct qmon_memory_eye *eye, uint64_t runtime,
                              struct qmon__python_layout *ret_layout);

struct qmon__python {
    const struct qmon_memory_eye *eye;
    struct qmon__python_layout layout;
    uint64_t runtime, code_type, text_type; /* addresses of _PyRuntime, PyCode_Type, PyUnicode_Type */
};

/* --- python_code.c */
struct qmon__python_place {
    char file[QMON__PYTHON_PATH_BYTES], function[QMON__PYTHON_PATH_BYTES];
    uint32_t line; /* 0 unknown */
};
bool qmon__python_is_code(const struct qmon__python *python, uint64_t code);
/* at: what the frame says of where it is. False: that is no code object in order. */
bool qmon__python_place(const struct qmon__python *python, uint64_t code, uint64_t at,
                        struct qmon__python_place *ret_place);

/* --- python_stack.c: fills runtime_frames of the event's threads. Returns how many threads have some. */
size_t qmon__python_stacks(const struct qmon__python *python, struct qmon_event *event);

#endif
