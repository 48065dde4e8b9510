/*
 * describe_panic.c: Rust's panics. Of one that aborts at once the message goes to stderr and is nowhere else; but the library has a
 * function for each reason of its own, and that is on the stack.
 */
#include <string.h>

#include "describe.h"

#define FRAMES_LOOKED_AT 64u
#define OPERATIONS "core::panicking::panic_const::panic_const_"
#define OVERFLOW "_overflow"

static const struct {
    const char *function; /* without the arguments of generic ones */
    const char *title, *means;
} panics[] = {
    {"core::panicking::panic_bounds_check", "index out of bounds", "A slice, array or vector was indexed past its end"},
    {"core::slice::index::slice_", "slice out of bounds", "A range was taken of a slice that does not have it"},
    {"core::str::slice_error_fail", "string sliced wrongly",
     "A string was sliced past its end, or in the middle of a character"},
    {"core::slice::copy_from_slice_impl::len_mismatch_fail", "slices of different lengths",
     "A slice was copied into one of another length"},
    {"core::option::unwrap_failed", "unwrap of None", "An Option was unwrapped that is None"},
    {"core::option::expect_failed", "expect of None", "An Option was expected to be Some and is None"},
    {"core::result::unwrap_failed", "unwrap of an Err", "A Result was unwrapped that is an Err"},
    {"core::cell::panic_already", "already borrowed", "A RefCell was borrowed that is borrowed already"},
    {"core::panicking::panic_null_pointer_dereference", "null pointer", "A null pointer was dereferenced"},
    {"core::panicking::panic_misaligned_pointer_dereference", "misaligned pointer",
     "A pointer was dereferenced that is not aligned as its type must be"},
    {"core::panicking::assert_failed", "assertion failed", "An assert_eq!, assert_ne! or their like did not hold"},
    {"core::panicking::panic_cannot_unwind", "panic where none may be",
     "A panic came to a function that it may not leave (extern \"C\", or a destructor)"},
    {"core::panicking::panic_in_cleanup", "panic in a destructor",
     "A destructor panicked while another panic was cleaned up after"},
    {OPERATIONS "div_by_zero", "division by zero", "An integer was divided by zero"},
    {OPERATIONS "rem_by_zero", "division by zero", "The remainder of a division by zero was asked for"},
};

/* The innermost frame whose function begins so. */
static const char *find(const struct qmon_event *event, const char *beginning) {
    const struct qmon_thread *thread = event->threads;
    for (size_t i = 0; event->thread_count && i < thread->frame_count && i < FRAMES_LOOKED_AT; i++) {
        const char *name = thread->frames[i].function;
        if (name && strncmp(name, beginning, strlen(beginning)) == 0)
            return name;
    }
    return NULL;
}

/* "…panic_const_add_overflow": the operation is in the name. */
static bool describe_overflow(struct qmon_event *event, struct qmon__cause *ret_cause) {
    static const struct {
        const char *name, *words;
    } operations[] = {{"add", "an addition"},         {"sub", "a subtraction"},       {"mul", "a multiplication"},
                      {"div", "a division"},          {"rem", "a remainder"},         {"neg", "a negation"},
                      {"shl", "a shift to the left"}, {"shr", "a shift to the right"}};
    const char *function = find(event, OPERATIONS), *name = function ? function + sizeof OPERATIONS - 1 : "";
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        size_t bytes = strlen(operations[i].name);
        if (strncmp(name, operations[i].name, bytes) != 0 || strncmp(name + bytes, OVERFLOW, sizeof OVERFLOW - 1) != 0)
            continue;
        ret_cause->title = "Rust panic: arithmetic overflow";
        ret_cause->detail = qmon_event_format(
            event, "The result of %s does not fit its type, and the panic ended the program.", operations[i].words);
        return true;
    }
    return false;
}

static bool is_panic(const struct qmon_event *event) {
    static const char *const signs[] = {"rust_panic", "__rustc::rust_panic", "std::panicking::rust_panic_with_hook",
                                        "std::panicking::panic_with_hook"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (qmon__trace_has(event, signs[i]))
            return true;
    return find(event, "core::panicking::panic_bounds_check") || find(event, "core::option::unwrap_failed");
}

bool qmon__describe_panic(struct qmon_event *event, struct qmon__cause *ret_cause) {
    if (find(event, "alloc::alloc::handle_alloc_error") || find(event, "std::alloc::rust_oom")) {
        *ret_cause = (struct qmon__cause){.kind = "out-of-memory",
                                          .title = "Out of memory",
                                          .detail = "An allocation failed, and Rust ended the program."};
        return true;
    }
    if (event->kind != QMON_KIND_EXIT && !is_panic(event))
        return false;
    *ret_cause =
        (struct qmon__cause){.kind = "panic", .title = "Rust panic", .detail = "A Rust panic ended the program."};
    if (describe_overflow(event, ret_cause))
        return true;
    for (size_t i = 0; i < sizeof panics / sizeof panics[0]; i++) {
        if (!find(event, panics[i].function))
            continue;
        ret_cause->title = qmon_event_format(event, "Rust panic: %s", panics[i].title);
        ret_cause->detail = qmon_event_format(event, "%s, and the panic ended the program.", panics[i].means);
        return true;
    }
    return true;
}
