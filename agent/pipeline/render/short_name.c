/*
 * short_name.c: a long function name without what says little in a trace: the types of its arguments, and template arguments
 * that are themselves long. "v8::internal::Execution::Call(v8::internal::Isolate*, ...)" is "v8::internal::Execution::Call(…)".
 */
#include <string.h>

#include "render_words.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define LONG_ARGUMENT 24u /* bytes of a template argument list that is left alone */

struct shortening {
    const char *from;
    char *to, *end;
};

static void put(struct shortening *text, const char *bytes, size_t count) {
    for (size_t i = 0; i < count && text->to < text->end; i++)
        *text->to++ = bytes[i];
}

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* One past the bracket that closes what opens at `at`; the end of the text where none does. */
static const char *group_end(const char *at) {
    size_t depth = 0;

    for (; *at; at++) {
        if (starts(at, "->"))
            at++;
        else if (strchr("<([{", *at))
            depth++;
        else if (strchr(">)]}", *at) && --depth == 0)
            return at + 1;
    }
    return at;
}

/* What must be taken as it stands: "operator()", "operator<<", "(anonymous namespace)". Returns its length, or 0. */
static size_t literal(const char *at) {
    static const char anonymous[] = "(anonymous namespace)", operator_[] = "operator";

    if (starts(at, anonymous))
        return sizeof anonymous - 1;
    if (!starts(at, operator_))
        return 0;
    size_t length = sizeof operator_ - 1;
    if (starts(at + length, "()"))
        return length + 2;
    return length + strspn(at + length, "<>-=");
}

static void put_group(struct shortening *text) {
    const char *end = group_end(text->from);
    size_t bytes = (size_t) (end - text->from);
    bool arguments = *text->from == '(';

    if (bytes <= 2 || (!arguments && bytes <= LONG_ARGUMENT) || end[-1] != (arguments ? ')' : '>'))
        put(text, text->from, bytes);
    else
        put(text, arguments ? "(" ELLIPSIS ")" : "<" ELLIPSIS ">", sizeof ELLIPSIS + 1);
    text->from = end;
}

void qmon__short_name(const char *name, char *ret_text, size_t bytes) {
    struct shortening text = {name, ret_text, ret_text + bytes - 1};

    while (*text.from && text.to < text.end) {
        size_t whole = literal(text.from);
        if (whole) {
            put(&text, text.from, whole);
            text.from += whole;
        } else if ((*text.from == '(' || *text.from == '<') && text.from > name) {
            put_group(&text);
        } else {
            *text.to++ = *text.from++;
        }
    }
    *text.to = '\0';
}
