/*
 * demangle_fold.c: std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, int,
 * std::less<std::__cxx11::basic_string<...> >, std::allocator<std::pair<...> > > is std::map<std::string, int>. Arguments that
 * are nearly always the default ones are left out wherever they are not the first, and the names that the C++ library
 * gives to its own versions are shortened to those in the source.
 */
#include <stdbool.h>
#include <string.h>

#include "demangle.h"

/* Removes every `what` from the text. */
static void erase(char *text, const char *what) {
    size_t length = strlen(what);
    char *to = text;
    for (const char *from = text; *from;)
        if (*from == *what && !strncmp(from, what, length))
            from += length;
        else
            *to++ = *from++;
    *to = '\0';
}

/* Puts the shorter `with` in the place of every `what`. */
static void shorten(char *text, const char *what, const char *with) {
    size_t length = strlen(what), with_length = strlen(with);
    char *to = text;
    for (const char *from = text; *from;)
        if (*from == *what && !strncmp(from, what, length)) {
            memmove(to, with, with_length);
            to += with_length;
            from += length;
        } else {
            *to++ = *from++;
        }
    *to = '\0';
}

/* The end of a template argument that begins here: its comma, or the bracket that closes the list. NULL: unbalanced. */
static char *argument_end(char *text) {
    int depth = 0;
    for (; *text; text++) {
        if (*text == '<' || *text == '(' || *text == '{' || *text == '[')
            depth++;
        else if (depth == 0 && (*text == ',' || *text == '>'))
            return text;
        else if ((*text == '>' && text[-1] != '-') || *text == ')' || *text == '}' || *text == ']')
            depth--;
    }
    return NULL;
}

static bool is_default(const char *argument) {
    static const char *const defaults[] = {"std::allocator<", "std::char_traits<", "std::less<",
                                           "std::hash<",      "std::equal_to<",    "std::default_delete<"};
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (!strncmp(argument, defaults[i], strlen(defaults[i])))
            return true;
    return false;
}

/* Only inside template brackets: the arguments of a function keep theirs. */
static void drop_defaults(char *name) {
    char open[128];
    size_t depth = 0;
    for (char *at = name; *at; at++) {
        if ((*at == '<' || *at == '(') && depth < sizeof open)
            open[depth++] = *at;
        else if ((*at == ')' || (*at == '>' && at > name && at[-1] != '-')) && depth)
            depth--;
        if (*at != ',' || !depth || open[depth - 1] != '<' || at[1] != ' ' || !is_default(at + 2))
            continue;
        char *end = argument_end(at + 2);
        if (!end)
            return;
        memmove(at, end, strlen(end) + 1);
        at--;
    }
}

/* operator<, operator<<, operator->, operator>>= and the like have brackets that open and close nothing. */
static bool has_bracket_operator(const char *name) {
    for (const char *at = name; (at = strstr(at, "operator")); at += 8)
        if (strchr("<>-", at[8]) && at[8])
            return true;
    return false;
}

void qmon__fold_templates(char *name) {
    erase(name, "[abi:cxx11]");
    shorten(name, "std::__cxx11::", "std::");
    shorten(name, "std::__1::", "std::");
    if (strchr(name, '<') && !has_bracket_operator(name))
        drop_defaults(name);
    shorten(name, "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string");
    shorten(name, "std::basic_string<char>", "std::string");
    shorten(name, "std::basic_string<char >", "std::string");
    shorten(name, "> >", ">>");
    shorten(name, "> >", ">>");
}
