/*
 * bytes.c: the memory and string functions that the agent and the libunwind inside it call, under libc's names and hidden.
 *
 * The host's are not to be trusted: a sanitizer's check what they touch and report the agent's look at a broken stack as the
 * host's error, memcheck's do the same, a program may define its own, and a crash may come before the loader has chosen
 * libc's. The compiler calls them of itself too, so the names must be these. Short and plain: the long copies are few.
 *
 * SIGNAL SAFETY: safe. Built without the compiler's own ideas of these functions, which would make them call themselves.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SHORT_BYTES 32u

/* A word at a time where both ends allow it, for machines without an instruction for it. */
#if defined __x86_64__
static void copy_up(unsigned char *to, const unsigned char *from, size_t bytes) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

static void fill(unsigned char *to, unsigned char value, size_t bytes) {
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
}
#else
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

static void copy_up(unsigned char *to, const unsigned char *from, size_t bytes) {
    for (; bytes >= sizeof(word); bytes -= sizeof(word), to += sizeof(word), from += sizeof(word))
        *(word *) to = *(const word *) from;
    while (bytes-- > 0)
        *to++ = *from++;
}

static void fill(unsigned char *to, unsigned char value, size_t bytes) {
    const uint64_t eight = value * 0x0101010101010101u;
    for (; bytes >= sizeof(word); bytes -= sizeof(word), to += sizeof(word))
        *(word *) to = eight;
    while (bytes-- > 0)
        *to++ = value;
}
#endif

/* The two may overlap if the target is the lower one. */
static void copy(unsigned char *to, const unsigned char *from, size_t bytes) {
    if (bytes >= SHORT_BYTES)
        copy_up(to, from, bytes);
    else
        while (bytes-- > 0)
            *to++ = *from++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    copy(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    unsigned char *target = to;
    const unsigned char *source = from;
    if ((uintptr_t) to - (uintptr_t) from >= bytes) {
        copy(target, source, bytes);
        return to;
    }
    while (bytes-- > 0)
        target[bytes] = source[bytes];
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    unsigned char *target = to;
    if (bytes >= SHORT_BYTES)
        fill(target, (unsigned char) value, bytes);
    else
        while (bytes-- > 0)
            *target++ = (unsigned char) value;
    return to;
}

int memcmp(const void *first, const void *second, size_t bytes) {
    const unsigned char *a = first, *b = second;
    for (size_t i = 0; i < bytes; i++)
        if (a[i] != b[i])
            return a[i] - b[i];
    return 0;
}

void *memchr(const void *in, int value, size_t bytes) {
    const unsigned char *at = in;
    for (size_t i = 0; i < bytes; i++)
        if (at[i] == (unsigned char) value)
            return (void *) (uintptr_t) (at + i);
    return NULL;
}

size_t strnlen(const char *text, size_t most) {
    size_t bytes = 0;
    while (bytes < most && text[bytes] != '\0')
        bytes++;
    return bytes;
}

size_t strlen(const char *text) {
    return strnlen(text, SIZE_MAX);
}

int strncmp(const char *first, const char *second, size_t most) {
    for (size_t i = 0; i < most; i++)
        if (first[i] != second[i] || first[i] == '\0')
            return (unsigned char) first[i] - (unsigned char) second[i];
    return 0;
}

int strcmp(const char *first, const char *second) {
    return strncmp(first, second, SIZE_MAX);
}

char *strchr(const char *text, int value) {
    for (;; text++) {
        if (*text == (char) value)
            return (char *) (uintptr_t) text;
        if (*text == '\0')
            return NULL;
    }
}

char *strrchr(const char *text, int value) {
    char *last = NULL;
    for (;; text++) {
        if (*text == (char) value)
            last = (char *) (uintptr_t) text;
        if (*text == '\0')
            return last;
    }
}

size_t strcspn(const char *text, const char *stop) {
    size_t bytes = 0;
    while (text[bytes] != '\0' && strchr(stop, text[bytes]) == NULL)
        bytes++;
    return bytes;
}

char *stpcpy(char *restrict to, const char *restrict from) {
    const size_t bytes = strlen(from);
    memcpy(to, from, bytes + 1);
    return to + bytes;
}

char *strcpy(char *restrict to, const char *restrict from) {
    stpcpy(to, from);
    return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t bytes) {
    const size_t length = strnlen(from, bytes);
    memcpy(to, from, length);
    memset(to + length, 0, bytes - length);
    return to;
}
