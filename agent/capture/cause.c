#include "cause.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "agent.h"
#include "exception.h"
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

void qmon__keep_words(struct qmon_record_crash *crash, uint64_t within_ms) {
    if (crash->origin == QMON_ORIGIN_SANITIZER) {
        qmon__copy_text(crash->abort_message, sizeof crash->abort_message, sanitizer_summary);
        return;
    }
    keep_abort_message(crash);
    keep_assertion(crash);
    if (assertion.expression == NULL && crash->abort_message[0] == '\0')
        qmon__keep_exception(crash, within_ms);
}
