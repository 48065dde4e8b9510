/*
 * The exception that terminate() was called for, through the Itanium C++ ABI: the newest caught exception of the thread (terminate
 * counts as a handler) is described by a header in front of the object. Its last part is the unwinder's, and what comes before
 * that lies in the same places for libstdc++ and libc++. Of the headers, the library tells the newest; where it is linked into
 * the program and has no name, it is looked for in the registers and on the stack of terminate().
 *
 * THROWN AGAIN. std::rethrow_exception (and so a std::future) throws a header without an object, which names the object of the
 * one that was thrown first.
 *
 * WHAT. Is the object a std::exception? Descriptions of types say of what type they are themselves, and name their bases, so
 * that no function has to be asked. what() is third in the table of functions of std::exception.
 */
#include "exception.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "guard.h"
#include "modules.h"
#include "sys.h"
#include "text.h"
#include "thrown.h"
#include "valgrind.h"

struct type_information {
    void **table;
    const char *name;
};

/* What describes a type with bases: with one, at the same place; with several, or one that is virtual or elsewhere. */
struct one_base {
    struct type_information type;
    const struct type_information *base;
};

struct several_bases {
    struct type_information type;
    uint32_t flags, count;
    struct {
        const struct type_information *type;
        int64_t offset_and_flags;
    } bases[];
};

#define ONE_BASE "N10__cxxabiv120__si_class_type_infoE"
#define SEVERAL_BASES "N10__cxxabiv121__vmi_class_type_infoE"
#define STANDARD "St9exception"
#define BASES_MAX 32u
#define DEPTH_MAX 16u
#define BASE_VIRTUAL 1
#define BASE_OFFSET_SHIFT 8

struct unwind_header {
    uint64_t exception_class;
    void (*cleanup)(void);
    uint64_t private_words[2];
} __attribute__((aligned(16)));

/* The end of a header. One without an object has `first` in the place of `type` (libstdc++), or in front of it (libc++). */
struct exception_header {
    const void *before;
    const struct type_information *type;
    void (*destroy)(void *object);
    void (*unexpected)(void);
    void (*terminate)(void);
    struct exception_header *next;
    int handler_count, handler_switch;
    const unsigned char *action, *language_data;
    void *landing_pad, *adjusted_object;
};

#define CLASS_GNU 0x474e5543432b2b00ull   /* "GNUCC++\0"; the last byte is 1 for one without an object */
#define CLASS_CLANG 0x434c4e47432b2b00ull /* "CLNGC++\0" */
#define CLASS_DEPENDENT 1u
#define SEARCHED_BYTES 8192u /* of the stack */

_Static_assert(sizeof(struct unwind_header) == 32 && sizeof(struct exception_header) == 88, "as in the ABI");

struct exception {
    struct qmon_record_crash *crash;
    const struct unwind_header *unwind;
    uintptr_t globals; /* tells of the thread's exceptions; 0 unknown */
    size_t to_unwind;  /* from what it tells */
    const struct type_information *type;
    void *object;
};

static const struct exception_header *header_of(const struct unwind_header *unwind) {
    return (const struct exception_header *) (const void *) unwind - 1;
}

static bool is_exception(uint64_t exception_class) {
    const uint64_t of = exception_class & ~(uint64_t) 0xff;
    return (of == CLASS_GNU || of == CLASS_CLANG) && (exception_class & 0xff) <= CLASS_DEPENDENT;
}

/* --- which one */

static void ask_library(void *argument) {
    struct exception *exception = argument;
    const char *const *const of_thread = ((const char *const *(*) (void) ) exception->globals)();
    if (of_thread != NULL && *of_thread != NULL)
        exception->unwind = (const struct unwind_header *) (const void *) (*of_thread + exception->to_unwind);
}

/* The kernel reads a signal set there, with a `how` that does not exist. Most words that are looked at point nowhere: to try them would
 * mean a fault for each, in a process that may have no place left to handle one. */
static bool is_readable(uintptr_t at) {
    return !qmon__on_valgrind() && qmon__sigprocmask(~0, (const void *) at, NULL) == -EINVAL;
}

/* Is it there, and being handled? What was freed is not. */
static bool is_live(uintptr_t at) {
    struct exception_header header;
    uint64_t exception_class;
    return at > sizeof header && at % _Alignof(struct unwind_header) == 0 && is_readable(at) &&
           is_readable(at - sizeof header) &&
           qmon__copy_guarded(&exception_class, (const void *) at, sizeof exception_class) &&
           is_exception(exception_class) &&
           qmon__copy_guarded(&header, (const void *) (at - sizeof header), sizeof header) && header.handler_count > 0;
}

static bool take_if_live(struct exception *exception, uint64_t word) {
    const uintptr_t candidates[] = {(uintptr_t) word, (uintptr_t) word - sizeof(struct unwind_header)};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates && exception->unwind == NULL; i++)
        if (is_live(candidates[i]))
            exception->unwind = (const struct unwind_header *) candidates[i];
    return exception->unwind != NULL;
}

static void search(struct exception *exception) {
    const struct qmon_record_crash *crash = exception->crash;
    const uintptr_t start = crash->stack_start & ~(uintptr_t) 7;
    for (uint32_t i = 0; i < crash->register_count; i++)
        if (take_if_live(exception, crash->registers[i]))
            return;
    for (uintptr_t at = start; at != 0 && at < crash->stack_high && at - start < SEARCHED_BYTES; at += 8) {
        uint64_t word;
        if (!qmon__copy_guarded(&word, (const void *) at, sizeof word))
            return;
        const bool points = word >= 0x10000 && word >> 47 == 0 && word % 16 == 0;
        if (points && (word < crash->stack_low || word >= crash->stack_high) && take_if_live(exception, word))
            return;
    }
}

static void find(struct exception *exception, uint64_t within_ms) {
    static const struct {
        const char *library;
        size_t to_unwind;
    } libraries[] = {{"libstdc++", 80}, {"libc++abi", 96}};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries && exception->unwind == NULL; i++) {
        exception->globals = qmon__symbol(libraries[i].library, "__cxa_get_globals_fast", NULL);
        exception->to_unwind = libraries[i].to_unwind;
        if (exception->globals != 0)
            qmon__guarded(ask_library, exception, within_ms);
    }
    if (exception->unwind == NULL)
        search(exception);
}

/* --- what it is */

static void keep_type(void *argument) {
    struct exception *exception = argument;
    const struct unwind_header *unwind = exception->unwind;
    if (!is_exception(unwind->exception_class))
        return;
    exception->object = (void *) (unwind + 1);
    if ((unwind->exception_class & 0xff) == CLASS_DEPENDENT) {
        const bool gnu = (unwind->exception_class & ~(uint64_t) 0xff) == CLASS_GNU;
        exception->object = (void *) (gnu ? (const void *) header_of(unwind)->type : header_of(unwind)->before);
        unwind = (const struct unwind_header *) exception->object - 1;
    }
    exception->type = header_of(unwind)->type;
    const char *name = exception->type->name;
    if (*name == '*') /* a type of internal linkage */
        name++;
    qmon__copy_text(exception->crash->exception_type, sizeof exception->crash->exception_type, name);
}

static bool is_named(const struct type_information *type, const char *name) {
    return strcmp(type->name + (type->name[0] == '*'), name) == 0;
}

/* Where a base is in an object: at a distance, or, of a virtual one, at a distance that the object's table of functions has. */
static const void *base_at(const void *object, int64_t place) {
    int64_t distance = place >> BASE_OFFSET_SHIFT;
    if ((place & BASE_VIRTUAL) != 0) {
        const char *table = *(const char *const *) object;
        distance = *(const int64_t *) (const void *) (table + distance);
    }
    return (const char *) object + distance;
}

/* The std::exception in an object of this type; NULL: there is none. */
static const void *find_standard(const void *object, const struct type_information *type, unsigned depth) {
    if (is_named(type, STANDARD))
        return object;
    if (depth == DEPTH_MAX)
        return NULL;
    const struct type_information *kind = (const struct type_information *) type->table[-1];
    if (is_named(kind, ONE_BASE))
        return find_standard(object, ((const struct one_base *) type)->base, depth + 1);
    if (!is_named(kind, SEVERAL_BASES))
        return NULL;
    const struct several_bases *several = (const struct several_bases *) type;
    const void *found = NULL;
    for (uint32_t i = 0; i < several->count && i < BASES_MAX && found == NULL; i++)
        found = find_standard(base_at(object, several->bases[i].offset_and_flags), several->bases[i].type, depth + 1);
    return found;
}

static void keep_what(void *argument) {
    const struct exception *exception = argument;
    const void *standard = find_standard(exception->object, exception->type, 0);
    if (standard == NULL)
        return;
    void **table = *(void ***) standard;
    const char *(*const what)(const void *) = (const char *(*) (const void *) ) table[2];
    qmon__copy_text(exception->crash->exception_message, sizeof exception->crash->exception_message, what(standard));
}

void qmon__keep_exception(struct qmon_record_crash *crash, uint64_t within_ms) {
    struct exception exception = {.crash = crash};
    find(&exception, within_ms);
    if (exception.unwind == NULL)
        return;
    qmon__guarded(keep_type, &exception, within_ms);
    if (crash->exception_type[0] == '\0')
        return;
    crash->origin = QMON_ORIGIN_TERMINATE;
    qmon__keep_thrown(exception.object, exception.type, crash);
    qmon__guarded(keep_what, &exception, within_ms);
}
