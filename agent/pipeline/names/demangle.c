/*
 * demangle.c: see demangle.h. libiberty does the reading. A short mangled name can stand for one of gigabytes, so what it writes
 * goes through a callback into a buffer of fixed size, and once that is full we leave by longjmp: on this way libiberty has
 * nothing allocated.
 */
#include "demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#define MANGLED_BYTES_MAX 16384u
#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)

struct sink {
    char *at;
    size_t room, used;
    jmp_buf full;
};

static void take(const char *text, size_t bytes, void *context) {
    struct sink *sink = context;
    size_t left = sink->room - sink->used, kept = bytes < left ? bytes : left;
    memcpy(sink->at + sink->used, text, kept);
    sink->used += kept;
    if (kept < bytes)
        longjmp(sink->full, 1);
}

static int demangle_streaming(const char *name, struct sink *sink) {
    if (setjmp(sink->full))
        return 1;
    /* Rust first: its older names are also C++ names, of another meaning. */
    if (rust_demangle_callback(name, OPTIONS, take, sink))
        return 1;
    sink->used = 0;
    return cplus_demangle_v3_callback(name, OPTIONS, take, sink);
}

static int demangle_d(const char *name, struct sink *sink) {
    char *text = strlen(name) < 1024 ? dlang_demangle(name, OPTIONS) : NULL;
    if (!text)
        return 0;
    size_t bytes = strlen(text);
    sink->used = bytes < sink->room ? bytes : sink->room;
    memcpy(sink->at, text, sink->used);
    free(text);
    return 1;
}

/* Is this ".isra.0", ".cold" or the like: what compilers add to the names of copies that they make of a function? */
static bool is_copy_suffix(const char *dot) {
    static const char *const suffixes[] = {".isra.",   ".constprop.", ".part.", ".lto_priv.", ".llvm.",
                                           ".__uniq.", ".cold",       ".warm",  ".hot",       ".localalias"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t length = strlen(suffixes[i]);
        if (strncmp(dot, suffixes[i], length))
            continue;
        char next = dot[length];
        return suffixes[i][length - 1] == '.' ? next >= '0' && next <= '9' : !next || next == '.';
    }
    return false;
}

static void strip_copies(char *name) {
    for (char *dot = *name ? strchr(name + 1, '.') : NULL; dot; dot = strchr(dot + 1, '.'))
        if (is_copy_suffix(dot)) {
            *dot = '\0';
            return;
        }
}

char *qmon__demangle(const char *name, char *ret_text, size_t bytes) {
    char plain[MANGLED_BYTES_MAX];
    struct sink sink = {.at = ret_text, .room = bytes - 1};
    size_t length = strnlen(name, sizeof plain - 1);
    int done = 0;
    memcpy(plain, name, length);
    plain[length] = '\0';
    strip_copies(plain);
    if (length < sizeof plain - 1 &&
        (!strncmp(plain, "_Z", 2) || !strncmp(plain, "_R", 2) || !strncmp(plain, "__Z", 3)))
        done = demangle_streaming(plain, &sink);
    else if (!strncmp(plain, "_D", 2))
        done = demangle_d(plain, &sink);
    if (!done) {
        length = strlen(plain);
        sink.used = length < sink.room ? length : sink.room;
        memcpy(ret_text, plain, sink.used);
    }
    ret_text[sink.used] = '\0';
    if (done || strchr(ret_text, '<'))
        qmon__fold_templates(ret_text);
    return ret_text;
}

const char *qmon_demangle(struct qmon_event *event, const char *name) {
    char text[QMON__FUNCTION_BYTES];
    return name ? qmon_event_text(event, qmon__demangle(name, text, sizeof text)) : NULL;
}
