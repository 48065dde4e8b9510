/* python_layout.c: where things are in CPython's structures, by version; release builds for 64-bit machines. A debug build
 * has other objects, which do not pass for what they should be. */
#include <string.h>

#include "python.h"

#define NONE QMON__PYTHON_NONE
#define OFFSET_MAX 65536u

static const struct qmon__python_layout layouts[] = {
    {.version = 0x0309,
     .lines = QMON__LINES_LNOTAB,
     .interpreters = 32,
     .interpreter_next = 0,
     .interpreter_threads = 8,
     .thread_next = 8,
     .thread_pthread = 176,
     .thread_tid = NONE,
     .thread_frame = 24,
     .control_frame = NONE,
     .frame_code = 32,
     .frame_back = 24,
     .frame_at = 104,
     .frame_owner = NONE,
     .code_file = 104,
     .code_name = 112,
     .code_line = 40,
     .code_lines = 120,
     .code_bytes = NONE,
     .text_ascii = 48,
     .text_compact = 72},
    {.version = 0x030a,
     .lines = QMON__LINES_TABLE,
     .interpreters = 32,
     .interpreter_next = 0,
     .interpreter_threads = 8,
     .thread_next = 8,
     .thread_pthread = 176,
     .thread_tid = NONE,
     .thread_frame = 24,
     .control_frame = NONE,
     .frame_code = 32,
     .frame_back = 24,
     .frame_at = 96,
     .frame_owner = NONE,
     .code_file = 104,
     .code_name = 112,
     .code_line = 40,
     .code_lines = 120,
     .code_bytes = NONE,
     .text_ascii = 48,
     .text_compact = 72},
    {.version = 0x030b,
     .lines = QMON__LINES_LOCATIONS,
     .interpreters = 40,
     .interpreter_next = 0,
     .interpreter_threads = 16,
     .thread_next = 8,
     .thread_pthread = 152,
     .thread_tid = 160,
     .thread_frame = 56,
     .control_frame = 8,
     .frame_code = 32,
     .frame_back = 48,
     .frame_at = 56,
     .frame_owner = 69,
     .code_file = 112,
     .code_name = 128,
     .code_line = 72,
     .code_lines = 136,
     .code_bytes = 184,
     .text_ascii = 48,
     .text_compact = 72},
    {.version = 0x030c,
     .lines = QMON__LINES_LOCATIONS,
     .interpreters = 40,
     .interpreter_next = 0,
     .interpreter_threads = 72,
     .thread_next = 8,
     .thread_pthread = 136,
     .thread_tid = 144,
     .thread_frame = 56,
     .control_frame = 0,
     .frame_code = 0,
     .frame_back = 8,
     .frame_at = 56,
     .frame_owner = 70,
     .code_file = 112,
     .code_name = 128,
     .code_line = 68,
     .code_lines = 136,
     .code_bytes = 192,
     .text_ascii = 40,
     .text_compact = 56},
};

const struct qmon__python_layout *qmon__python_layout(uint32_t version) {
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i].version == version)
            return &layouts[i];
    return NULL;
}

/* Indices of 64-bit numbers in CPython 3.13's struct _Py_DebugOffsets. */
enum {
    WORD_VERSION = 1,
    WORD_FREE_THREADED = 2,
    WORD_INTERPRETERS = 5,
    WORD_INTERPRETER_NEXT = 8,
    WORD_INTERPRETER_THREADS = 9,
    WORD_THREAD_NEXT = 21,
    WORD_THREAD_FRAME = 23,
    WORD_THREAD_PTHREAD = 24,
    WORD_THREAD_TID = 25,
    WORD_FRAME_BACK = 29,
    WORD_FRAME_CODE = 30,
    WORD_FRAME_AT = 31,
    WORD_FRAME_OWNER = 33,
    WORD_CODE_FILE = 35,
    WORD_CODE_QUALIFIED_NAME = 37,
    WORD_CODE_LINES = 38,
    WORD_CODE_LINE = 39,
    WORD_CODE_BYTES = 43,
    WORDS
};

bool qmon__python_read_layout(const struct qmon_memory_eye *eye, uint64_t runtime,
                              struct qmon__python_layout *ret_layout) {
    uint64_t words[WORDS];
    if (!eye->read(eye->context, runtime, words, sizeof words) || memcmp(words, "xdebugpy", 8) != 0 ||
        words[WORD_VERSION] >> 16 != 0x030d || words[WORD_FREE_THREADED] != 0)
        return false;
    for (size_t i = WORD_FREE_THREADED + 1; i < WORDS; i++)
        if (words[i] > OFFSET_MAX * 16)
            return false;
    *ret_layout = (struct qmon__python_layout){
        .version = 0x030d,
        .lines = QMON__LINES_LOCATIONS,
        .interpreters = (uint32_t) words[WORD_INTERPRETERS],
        .interpreter_next = (uint32_t) words[WORD_INTERPRETER_NEXT],
        .interpreter_threads = (uint32_t) words[WORD_INTERPRETER_THREADS],
        .thread_next = (uint32_t) words[WORD_THREAD_NEXT],
        .thread_pthread = (uint32_t) words[WORD_THREAD_PTHREAD],
        .thread_tid = (uint32_t) words[WORD_THREAD_TID],
        .thread_frame = (uint32_t) words[WORD_THREAD_FRAME],
        .control_frame = NONE,
        .frame_code = (uint32_t) words[WORD_FRAME_CODE],
        .frame_back = (uint32_t) words[WORD_FRAME_BACK],
        .frame_at = (uint32_t) words[WORD_FRAME_AT],
        .frame_owner = (uint32_t) words[WORD_FRAME_OWNER],
        .code_file = (uint32_t) words[WORD_CODE_FILE],
        .code_name = (uint32_t) words[WORD_CODE_QUALIFIED_NAME],
        .code_line = (uint32_t) words[WORD_CODE_LINE],
        .code_lines = (uint32_t) words[WORD_CODE_LINES],
        .code_bytes = (uint32_t) words[WORD_CODE_BYTES],
        .text_ascii = 40,
        .text_compact = 56,
    };
    return true;
}
