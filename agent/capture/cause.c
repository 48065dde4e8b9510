#include "cause.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "agent.h"
#include "guard.h"
#include "modules.h"
#include "text.h"

static struct {
    const char *expression, *file, *function;
    unsigned line;
} assertion;

static char sanitizer_summary[sizeof((struct qmon_record_crash *) 0)->abort_message];

void __tsan_init(void) __attribute__((weak));

/* Where ThreadSanitizer found something: it lets the program go on, and ends it from an exit handler. */
static struct {
    uint64_t frames[32];
    size_t count;
} reported;

void qmon__note_summary(const char *summary) {
    if (sanitizer_summary[0] == '\0' || __tsan_init == NULL)
        qmon__copy_text(sanitizer_summary, sizeof sanitizer_summary, summary);
}

void qmon__note_report(void *const *addresses, size_t limit) {
    const size_t most = sizeof reported.frames / sizeof reported.frames[0];
    if (reported.count != 0)
        return;
    for (size_t i = 0; i < limit && i < most && addresses[i] != NULL; i++)
        reported.frames[reported.count++] = (uint64_t) (uintptr_t) addresses[i];
}

bool qmon__sanitizer_ends_later(void) {
    return __tsan_init != NULL && (sanitizer_summary[0] != '\0' || reported.count != 0);
}

bool qmon__keep_reported_stack(struct qmon_record_crash *crash) {
    if (reported.count == 0)
        return false;
    memcpy(crash->frames, reported.frames, reported.count * sizeof reported.frames[0]);
    memset(crash->frame_flags, QMON_FRAME_EXACT, reported.count);
    crash->frame_count_inner = (uint32_t) reported.count;
    crash->unwind_end = QMON_UNWIND_LIMIT;
    return true;
}

void qmon__note_assertion(const char *expression, const char *file, unsigned line, const char *function) {
    assertion.expression = expression;
    assertion.file = file;
    assertion.line = line;
    assertion.function = function;
}

struct text_copy {
    char *to;
    size_t bytes;
    const char *from;
};

static void copy_text_now(void *argument) {
    const struct text_copy *copy = argument;
    qmon__copy_text(copy->to, copy->bytes, copy->from);
}

/* A text of the program's that may not be there or not end. */
static void keep_text(char *to, size_t bytes, const char *from) {
    struct text_copy copy = {to, bytes, from};
    if (from != NULL && !qmon__guarded(copy_text_now, &copy, 0))
        to[bytes - 1] = '\0';
}

/* glibc's struct abort_msg_s; its private __abort_msg points to one once a message was printed. */
struct abort_message {
    unsigned bytes; /* of the whole mapping */
    char text[];
};

uintptr_t qmon__abort_message_address(void) {
    static _Atomic uintptr_t known;
    uintptr_t address = atomic_load_explicit(&known, memory_order_relaxed);
    if (address == 0) {
        struct qmon__scan scan = {.stack_pointer = 0};
        if (qmon__image_count() == 0)
            qmon__modules_scan(&qmon__agent.record->modules, &scan);
        address = qmon__symbol("libc.so", "__abort_msg", NULL);
        atomic_store_explicit(&known, address, memory_order_relaxed);
    }
    return address;
}

bool qmon__has_abort_message(void) {
    void *message = NULL;
    const uintptr_t at = qmon__abort_message_address();
    return at != 0 && qmon__copy_guarded(&message, (const void *) at, sizeof message) && message != NULL;
}

static void keep_abort_message(struct qmon_record_crash *crash) {
    struct abort_message *message = NULL;
    const uintptr_t at = qmon__abort_message_address();
    if (at == 0 || !qmon__copy_guarded(&message, (const void *) at, sizeof message) || message == NULL)
        return;
    keep_text(crash->abort_message, sizeof crash->abort_message, message->text);
    size_t bytes = strlen(crash->abort_message);
    while (bytes > 0 && crash->abort_message[bytes - 1] == '\n')
        crash->abort_message[--bytes] = '\0';
}

static void keep_assertion(struct qmon_record_crash *crash) {
    if (assertion.expression == NULL)
        return;
    crash->origin = QMON_ORIGIN_ASSERT;
    crash->assertion_line = assertion.line;
    keep_text(crash->assertion, sizeof crash->assertion, assertion.expression);
    keep_text(crash->assertion_file, sizeof crash->assertion_file, assertion.file);
    keep_text(crash->assertion_function, sizeof crash->assertion_function, assertion.function);
}

/*
 * The exception that terminate() was called for, through the Itanium C++ ABI: the newest caught exception of the thread (terminate
 * counts as a handler) is described by a header whose last part is the unwinder's; the object follows it. Its class is
 * asked by the virtual __do_catch of std::exception's type_info, fifth in its table, whether it is a std::exception;
 * what() is third in that one's table.
 *
 * Of an exception that was thrown again (throw; std::rethrow_exception, a std::future) the stack is that of the last throw. The
 * first one's is gone unless it is kept at each throw. That would be cheap: to copy 1 KB of the stack in front of
 * __cxa_throw is lost in the noise of a throw (900 ns with and without). It is not done because of the way there: a
 * __cxa_throw of ours takes the calls of every C++ library that comes later, and which one is behind it the loader does
 * not say: with RTLD_NEXT a C program that loads a C++ plug-in by RTLD_LOCAL dies at the plug-in's first throw. It would
 * have to be defined for the version CXXABI_1.3 alone, which libc++ does not ask for, and to find libstdc++ by its name.
 */
struct type_information {
    void **table;
    const char *name;
};

struct exception_header {
    const struct type_information *type;
    void (*destroy)(void *object);
    void (*unexpected)(void);
    void (*terminate)(void);
    struct exception_header *next;
    int handler_count, handler_switch;
    const unsigned char *action, *language_data;
    void *landing_pad, *adjusted_object;
    struct {
        uint64_t exception_class;
        void (*cleanup)(void);
        uint64_t private_words[2];
    } unwind __attribute__((aligned(16)));
};

struct exception_globals {
    struct exception_header *caught;
    unsigned uncaught_count;
};

#define EXCEPTION_CLASS_GNU 0x474e5543432b2b00ull /* "GNUCC++\0"; the last byte is 1 for a dependent exception */

struct exception_search {
    struct qmon_record_crash *crash;
    struct exception_globals *(*globals)(void);
    const struct type_information *standard; /* typeid(std::exception) */
};

static const struct exception_header *current_exception(struct exception_globals *(*globals)(void) ) {
    const struct exception_globals *of_thread = globals();
    return of_thread != NULL ? of_thread->caught : NULL;
}

static void keep_type(void *argument) {
    const struct exception_search *search = argument;
    const struct exception_header *header = current_exception(search->globals);
    if (header == NULL || (header->unwind.exception_class & ~0xffull) != EXCEPTION_CLASS_GNU)
        return;
    const char *name = header->type->name;
    if (*name == '*') /* a type of internal linkage */
        name++;
    qmon__copy_text(search->crash->exception_type, sizeof search->crash->exception_type, name);
}

static void keep_what(void *argument) {
    const struct exception_search *search = argument;
    const struct exception_header *header = current_exception(search->globals);
    if (header == NULL || (header->unwind.exception_class & 0xff) != 0)
        return;
    void *object = (void *) (header + 1);
    bool (*const do_catch)(const struct type_information *, const struct type_information *, void **, unsigned) =
        (bool (*)(const struct type_information *, const struct type_information *, void **,
                  unsigned)) search->standard->table[4];
    if (!do_catch(search->standard, header->type, &object, 1))
        return;
    void **table = *(void ***) object;
    const char *(*const what)(const void *) = (const char *(*) (const void *) ) table[2];
    qmon__copy_text(search->crash->exception_message, sizeof search->crash->exception_message, what(object));
}

static void keep_exception(struct qmon_record_crash *crash, uint64_t within_ms) {
    struct exception_search search = {.crash = crash};
    const uintptr_t globals = qmon__symbol("libstdc++.so", "__cxa_get_globals_fast", NULL);
    if (globals == 0)
        return;
    search.globals = (struct exception_globals * (*) (void) ) globals;
    qmon__guarded(keep_type, &search, within_ms);
    if (crash->exception_type[0] == '\0')
        return;
    crash->origin = QMON_ORIGIN_TERMINATE;
    search.standard = (const struct type_information *) qmon__symbol("libstdc++.so", "_ZTISt9exception", NULL);
    if (search.standard != NULL)
        qmon__guarded(keep_what, &search, within_ms);
}

void qmon__keep_words(struct qmon_record_crash *crash, uint64_t within_ms) {
    if (crash->origin == QMON_ORIGIN_SANITIZER) {
        qmon__copy_text(crash->abort_message, sizeof crash->abort_message, sanitizer_summary);
        return;
    }
    keep_abort_message(crash);
    keep_assertion(crash);
    if (assertion.expression == NULL && crash->abort_message[0] == '\0')
        keep_exception(crash, within_ms);
}
