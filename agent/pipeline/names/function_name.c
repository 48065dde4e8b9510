/*
 * function_name.c: the part of a function's name that the people who wrote it would say.
 *
 * Demanglers differ in how they word what a compiler made (clang's "$_0" is gcc's "{lambda()#1}"), DWARF and the symbol
 * table in whether parameters are told. What is left here is the same for all of them: names and "::" between them.
 */
#include "function_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct folding {
    const char *from; /* what is left to read */
    char *to, *start, *end;
};

static void put(struct folding *folding, const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes && folding->to < folding->end; i++)
        *folding->to++ = text[i];
}

static bool starts(const char *text, const char *with) {
    return *text == *with && strncmp(text, with, strlen(with)) == 0;
}

static bool is_word(char c) {
    return isalnum((unsigned char) c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

/* The end of a group that begins at `at`: one past its closing bracket, or the end of the text. */
static const char *skip_group(const char *at) {
    size_t depth = 0;

    for (; *at; at++) {
        if (starts(at, "->") || starts(at, "operator<") || starts(at, "operator>")) {
            at += *at == '-' ? 1 : 8;
            continue;
        }
        if (strchr("<([{", *at))
            depth++;
        else if (strchr(">)]}", *at) && --depth == 0)
            return at + 1;
    }
    return at;
}

/* What may follow a '.' in a name without the writer of the function having put it there. */
static bool is_clone_suffix(const char *at) {
    static const char *const words[] = {"isra",       "part",    "constprop", "cold",   "llvm",    "lto_priv",
                                        "localalias", "__uniq",  "resolver",  "ifunc",  "sroa",    "specialized",
                                        "warm",       "hot",     "unlikely",  "str",    "default", "residual",
                                        "simdclone",  "annobin", "memprof",   "content"};

    if (*at++ != '.')
        return false;
    if (isdigit((unsigned char) *at))
        return true;
    size_t bytes = 0;
    while (is_word(at[bytes]))
        bytes++;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == bytes && memcmp(at, words[i], bytes) == 0)
            return true;
    return false;
}

/* "::h" and 16 hexadecimal digits at the end: the hash of Rust's older mangling. */
static bool is_rust_hash(const char *at) {
    return starts(at, "::h") && strspn(at + 3, "0123456789abcdef") == 16 && (at[19] == '\0' || at[19] == '.');
}

/* The longest operator that the text begins with; in "-<int>" that is "-". */
static size_t operator_bytes(const char *at) {
    static const char *const operators[] = {
        "<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++",
        "--",  "+=",  "-=",  "*=",  "/=", "%=", "^=", "&=", "|=", "->", "<",  ">",  "=",
        "!",   "+",   "-",   "*",   "/",  "%",  "^",  "&",  "|",  "~",  ","};

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (starts(at, operators[i]))
            return strlen(operators[i]);
    return 0;
}

/* "operator" and what belongs to it: "()", "<<", "new[]", or a type, of which the name is kept. */
static const char *take_operator(struct folding *folding, const char *at) {
    put(folding, "operator", 8);
    at += 8;
    if (starts(at, "()") || starts(at, "[]")) {
        put(folding, at, 2);
        return at[2] == '<' ? skip_group(at + 2) : at + 2; /* "operator()<int>" */
    }
    size_t punctuation = operator_bytes(at);
    if (punctuation > 0) {
        put(folding, at, punctuation);
        at += punctuation + (at[punctuation] == ' ' && at[punctuation + 1] == '<'); /* "operator< <int>" */
        return *at == '<' ? skip_group(at) : at;
    }
    if (*at == ' ') /* its blank must not look like the one behind a return type */
        put(folding, "_", 1);
    return *at == ' ' ? at + 1 : at;
}

/* {lambda(int)#2}, {closure#0}, {{closure}}, {vtable.shim}, {unnamed type#1}: the word stays. */
static const char *take_braces(struct folding *folding, const char *at) {
    const char *end = skip_group(at);
    const char *word = at + strspn(at, "{'");
    size_t bytes = 0;

    while (is_word(word[bytes]))
        bytes++;
    put(folding, "{", 1);
    put(folding, word, bytes);
    put(folding, "}", 1);
    return end;
}

/* How lambdas are called is the compiler's business. */
static const char *skip_lambda_call(const char *at) {
    static const char *const calls[] = {"::operator()", "::_FUN", "::__invoke"};

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (starts(at, calls[i]))
            return at + strlen(calls[i]);
    return at;
}

/* clang's "$_0", as gcc would say it. */
static const char *take_clang_lambda(struct folding *folding, const char *at) {
    at += 2;
    while (isdigit((unsigned char) *at))
        at++;
    put(folding, "{lambda}", 8);
    return skip_lambda_call(at);
}

static bool at_word_start(const struct folding *folding, const char *name) {
    return folding->from == name || !is_word(folding->from[-1]);
}

/* Rust's "<T as Trait>::method" and "<impl Trait for T>": who it is about, and said in blanks. */
static const char *take_self(struct folding *folding, const char *at) {
    const char *end = skip_group(at);
    put(folding, at, (size_t) (end - at));
    return end;
}

/* Return types that are an expression: "decltype (f(x)) g<int>(int)". */
static const char *skip_decltype(const char *at) {
    size_t word = starts(at, "decltype(") ? 8 : starts(at, "decltype (") ? 9 : 0;
    return word ? skip_group(at + word) : NULL;
}

/* '(' begins parameters, but for "(anonymous namespace)" and Go's "main.(*Server).Handle". */
static bool takes_parenthesis(struct folding *folding) {
    const char *at = folding->from;

    if (starts(at, "(anonymous namespace)::")) {
        folding->from += 23;
        return true;
    }
    if (folding->to > folding->start && folding->to[-1] == '.' && at[1] == '*') {
        const char *end = skip_group(at);
        put(folding, at, (size_t) (end - at));
        folding->from = end;
        return true;
    }
    const char *behind = skip_group(at); /* "run(int) const::{lambda()#1}": parameters of what it stands in */
    if (starts(behind, " const"))
        behind += 6;
    folding->from = behind;
    return starts(behind, "::");
}

/* Go's function literals: "main.run.func2". */
static bool takes_literal(struct folding *folding) {
    const char *at = folding->from;
    size_t digits = starts(at, ".func") ? strspn(at + 5, "0123456789") : 0;

    if (digits == 0 || is_word(at[5 + digits]))
        return false;
    put(folding, at, 5);
    folding->from += 5 + digits;
    return true;
}

/* How many characters are part of a name and begin nothing that is looked for: names are mostly these. */
static size_t plain_bytes(const char *at) {
    size_t bytes = 0;

    for (;; bytes++) {
        unsigned char c = (unsigned char) at[bytes];
        bool letter = (unsigned char) ((c | 0x20) - 'a') < 26, digit = (unsigned char) (c - '0') < 10;
        if ((!letter && !digit && c != '_') || c == 'o') /* "operator" */
            return bytes;
    }
}

/* One step; false at the end of what counts. */
static bool step(struct folding *folding, const char *name) {
    const char *at = folding->from;
    bool outermost = folding->to == folding->start;
    size_t plain = outermost ? 0 : plain_bytes(at);

    if (plain > 0) {
        put(folding, at, plain);
        folding->from += plain;
        return true;
    }
    const char *behind = outermost ? skip_decltype(at) : NULL;

    if (*at == '\0' || is_rust_hash(at) || (*at == '.' && !outermost && is_clone_suffix(at)))
        return false;
    if (takes_literal(folding))
        return true;
    if (behind) {
        folding->from = behind;
    } else if (outermost && *at == '<') {
        folding->from = take_self(folding, at);
    } else if (starts(at, "operator") && !is_word(at[8]) && at_word_start(folding, name)) {
        folding->from = take_operator(folding, at);
    } else if (starts(at, "[abi:") || starts(at, "::<")) {
        folding->from = skip_group(*at == ':' ? at + 2 : at);
    } else if (starts(at, "$_") && isdigit((unsigned char) at[2]) && at_word_start(folding, name)) {
        folding->from = take_clang_lambda(folding, at);
    } else if (*at == '{' || starts(at, "'lambda")) {
        folding->from = skip_lambda_call(take_braces(folding, at));
    } else if (*at == '<' && !outermost && is_word(folding->to[-1])) {
        folding->from = skip_group(at);
    } else if (*at == '(') {
        return takes_parenthesis(folding);
    } else if (*at == '[') { /* [clone .cold] */
        return false;
    } else if (*at == ' ') { /* what came before was the return type */
        folding->from++;
        folding->to = folding->start;
    } else {
        put(folding, at, 1);
        folding->from++;
    }
    return true;
}

char *qmon__plain_function(const char *name, char *ret_name, size_t bytes) {
    struct folding folding = {.from = name, .to = ret_name, .start = ret_name, .end = ret_name + bytes - 1};

    while (step(&folding, name))
        ;
    *folding.to = '\0';
    if (ret_name[0] == '\0') { /* nothing sensible in it: as it is */
        folding.to = folding.start;
        put(&folding, name, strlen(name));
        *folding.to = '\0';
    }
    return ret_name;
}
