/* symbolize_order.c: what is said of an address does not depend on which others were asked for before. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "code_places.h"
#include "scratch.h"
#include "tool.h"

#define TYPES 3000
#define FUNCTIONS 60
#define ADDRESSES 240u
#define NO_DEADLINE UINT64_MAX

static struct scratch scratch;
static const char *begin;
static size_t code_bytes;

/* A namespace with thousands of types, and functions behind them that the linker knows nothing of; between functions there is
 * code that is in none. */
static void set_up(void) {
    char source[256], library[256];
    scratch = scratch_make();
    snprintf(source, sizeof source, "%s", scratch_path(&scratch, "order.cc"));
    snprintf(library, sizeof library, "%s", scratch_path(&scratch, "liborder.so"));
    FILE *file = fopen(source, "we");
    cr_assert_not_null(file);
    fputs("extern \"C\" void first(void) {}\nnamespace shop {\n", file);
    for (int i = 0; i < TYPES; i++)
        fprintf(file, "struct item%d { struct { int now, then; } price; struct { int all; } count; };\n", i);
    fputs("namespace {\n", file);
    for (int i = 0; i < FUNCTIONS; i++)
        fprintf(
            file,
            "inline __attribute__((always_inline)) int part%d(int *x, int n) {\n"
            "    return x[n] * %d +\n        x[n + 1];\n}\n"
            "__attribute__((noinline)) int total%d(int *x, int n) {\n"
            "    int sum = %d;\n    for (int i = 0; i < n; i++)\n        sum += part%d(x, i);\n    return sum;\n}\n",
            i, i + 3, i, i, i);
    fputs("}\nint run(int *x, int n) {\n    int sum = 0;\n", file);
    for (int i = 0; i < FUNCTIONS; i++)
        fprintf(file, "    sum += total%d(x, n);\n", i);
    fputs("    return sum;\n}\n}\nextern \"C\" int last(int *x, int n) {\n    return shop::run(x, n);\n}\n", file);
    fclose(file);
    cr_assert_eq(TOOL(NULL, "c++", "-O2", "-g", "-fPIC", "-shared", "-falign-functions=64", "-fno-toplevel-reorder",
                      "-fno-eliminate-unused-debug-types", source, "-o", library),
                 0);
    void *loaded = dlopen(library, RTLD_NOW);
    cr_assert_not_null(loaded, "%s", dlerror());
    const char *ends[] = {dlsym(loaded, "first"), dlsym(loaded, "last")};
    begin = ends[0] < ends[1] ? ends[0] : ends[1];
    code_bytes = (size_t) ((ends[0] < ends[1] ? ends[1] : ends[0]) - begin);
    cr_assert_gt(code_bytes, 0);
}

static void tear_down(void) {
    scratch_remove(&scratch);
}

TestSuite(symbolize_order, .init = set_up, .fini = tear_down, .timeout = 60);

static struct qmon_event *told(const uint32_t *order, size_t count) {
    const void *addresses[ADDRESSES];
    for (size_t i = 0; i < count; i++)
        addresses[i] = begin + code_bytes * order[i] / ADDRESSES;
    struct qmon_event *event = code_event(addresses, count);
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    qmon_symbolize(symbolizer, event, 0, NO_DEADLINE);
    qmon_symbolizer_close(symbolizer);
    return event;
}

/* "function file:line:column\n" for each frame of the one captured as number `index`. */
static void describe(const struct qmon_thread *thread, uint32_t index, char *ret_text, size_t bytes) {
    size_t used = 0;
    *ret_text = '\0';
    for (size_t i = 0; i < thread->frame_count && used < bytes; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (frame->index == index)
            used += (size_t) snprintf(ret_text + used, bytes - used, "%s %s:%u:%u\n",
                                      frame->function ? frame->function : "?", frame->file ? frame->file : "?",
                                      frame->line, frame->column);
    }
}

static void compare(const uint32_t *order) {
    struct qmon_event *together = told(order, ADDRESSES);
    size_t inlined = 0, named = 0;
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        char one[2048], other[2048];
        struct qmon_event *alone = told(&order[i], 1);
        inlined += alone->threads[0].frame_count > 1;
        describe(&alone->threads[0], 0, one, sizeof one);
        describe(&together->threads[0], i, other, sizeof other);
        cr_expect_str_eq(one, other);
        named += strstr(other, "shop::(anonymous namespace)::total") != NULL;
        qmon_event_free(alone);
    }
    cr_expect_gt(inlined, 10);
    cr_expect_gt(named, 100);
    qmon_event_free(together);
}

Test(symbolize_order, upwards) {
    uint32_t order[ADDRESSES];
    for (uint32_t i = 0; i < ADDRESSES; i++)
        order[i] = i;
    compare(order);
}

Test(symbolize_order, downwards) {
    uint32_t order[ADDRESSES];
    for (uint32_t i = 0; i < ADDRESSES; i++)
        order[i] = ADDRESSES - 1 - i;
    compare(order);
}

Test(symbolize_order, mixed) {
    uint32_t order[ADDRESSES];
    for (uint32_t i = 0; i < ADDRESSES; i++)
        order[i] = i * 103 % ADDRESSES;
    compare(order);
}
