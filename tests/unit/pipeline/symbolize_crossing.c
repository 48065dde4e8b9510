/* symbolize_crossing.c: a function of a library that ended in a call, where the library was called from another file. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define NO_DEADLINE UINT64_MAX

static const char of_library[] =
    "const void *crossing_inside, *crossing_return;\n"
    "__attribute__((noinline, noclone, visibility(\"protected\"))) int crossing_last(int n) {\n"
    "    crossing_inside = (const void *) crossing_last;\n"
    "    crossing_return = __builtin_return_address(0);\n"
    "    return n * 3;\n"
    "}\n"
    "int crossing_entry(int n) { return crossing_last(n + 1); }\n";
static const char of_caller[] =
    "int crossing_entry(int n);\nint calls_across(int n) { return crossing_entry(n) + 1; }\n";

static struct scratch scratch;
static void *library, *caller;

static void *build_and_load(const char *name, const char *text, const char *debug, const char *with) {
    char source[64], object[64];
    snprintf(source, sizeof source, "%s.c", name);
    snprintf(object, sizeof object, "lib%s.so", name);
    const char *path = scratch_path(&scratch, object);
    scratch_write(&scratch, source, text);
    cr_assert_eq(TOOL(NULL, "cc", "-O2", debug, "-shared", "-fPIC", "-Wl,--build-id", scratch_path(&scratch, source),
                      "-o", path, with),
                 0);
    void *loaded = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    cr_assert_not_null(loaded, "%s", dlerror());
    return loaded;
}

static void set_up(void) {
    scratch = scratch_make();
    library = build_and_load("crossed", of_library, "-g", NULL);
}

static void tear_down(void) {
    dlclose(caller);
    dlclose(library);
    scratch_remove(&scratch);
}

TestSuite(symbolize_crossing, .init = set_up, .fini = tear_down, .timeout = 60);

static const void *word(const char *symbol) {
    return *(const void *const *) dlsym(library, symbol);
}

/* The stack as it was in crossing_last(). */
static struct qmon_event *event_of_call(void) {
    const void *addresses[] = {word("crossing_inside"), word("crossing_return")};
    struct qmon_event *event = code_event(addresses, 2);
    event->threads[0].frames[1].exact = false;
    return event;
}

static struct qmon_event *call_across(const char *text, const char *debug, const char *linking) {
    int (*call)(int);
    caller = build_and_load("crosses", text, debug, linking);
    *(void **) &call = dlsym(caller, "calls_across");
    call(4);
    return event_of_call();
}

static void expect_entry_between(const struct qmon_event *event) {
    const struct qmon_thread *thread = &event->threads[0];
    cr_assert_eq(thread->frame_count, 3);
    cr_expect_str_eq(thread->frames[0].function, "crossing_last");
    cr_expect_str_eq(thread->frames[1].function, "crossing_entry");
    cr_expect_eq(thread->frames[1].line, 7);
    cr_expect(thread->frames[1].tail_call);
    cr_expect_str_eq(thread->frames[1].module, thread->frames[0].module);
    cr_expect_str_eq(thread->frames[2].function, "calls_across");
    cr_expect_not(thread->frames[2].tail_call);
}

static struct qmon_symbolizer *symbolize(struct qmon_event *event) {
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    return symbolizer;
}

Test(symbolize_crossing, the_function_that_was_called_is_told_though_its_frame_is_gone) {
    static const char *const linkings[] = {"-Wl,-z,lazy", "-Wl,-z,now", "-fno-plt"};
    for (size_t i = 0; i < 3; i++) {
        struct qmon_event *event = call_across(of_caller, "-g0", linkings[i]);
        qmon_symbolizer_close(symbolize(event));
        expect_entry_between(event);
        qmon_event_free(event);
        if (i < 2)
            dlclose(caller);
    }
}

Test(symbolize_crossing, it_is_told_too_where_only_the_frames_of_a_library_are_looked_at_again) {
    struct qmon_event *first = call_across(of_caller, "-g", "-Wl,-z,lazy"), *event = event_of_call();
    struct qmon_symbolizer *symbolizer = symbolize(first);
    struct qmon_frame *frames = event->threads[0].frames;
    const char *file = NULL, *build_id;
    build_id = qmon_event_text(event, first->threads[0].frames[0].build_id);
    for (size_t i = 0; i < 2; i++) { /* as stored: a library's function by name alone, the program's in full */
        const struct qmon_frame *known = &first->threads[0].frames[i ? 2 : 0];
        frames[i].module = qmon_event_text(event, known->module);
        frames[i].function = qmon_event_text(event, known->function);
        frames[i].offset = known->offset;
        frames[i].build_id = i ? NULL : build_id;
        file = i ? qmon_event_text(event, known->file) : NULL;
    }
    frames[0].role = QMON_ROLE_LIBC;
    frames[1].file = file;
    frames[1].line = 2;
    event->origin = 1;
    cr_expect_gt(qmon_symbolize_system(symbolizer, event, NO_DEADLINE), 0);
    expect_entry_between(event);
    cr_expect_eq(event->origin, 2);
    qmon_symbolizer_close(symbolizer);
    qmon_event_free(first);
    qmon_event_free(event);
}

Test(symbolize_crossing, nothing_is_told_where_the_function_was_called_itself) {
    struct qmon_event *event = call_across(
        "int crossing_last(int n);\nint calls_across(int n) { return crossing_last(n) + 1; }\n", "-g", "-Wl,-z,lazy");
    qmon_symbolizer_close(symbolize(event));
    cr_assert_eq(event->threads[0].frame_count, 2);
    cr_expect_str_eq(event->threads[0].frames[1].function, "calls_across");
    qmon_event_free(event);
}
