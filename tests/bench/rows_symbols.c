/*
 * rows_symbols.c: from an address to function, file, line and inlined calls, in the qmon executable, which has debug
 * information. Addresses lie evenly over its code. CPU time of this thread; each sample has a symbolizer of its own.
 */
#include <elf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#include "bench.h"

#define SUBJECT QMON_BUILD_DIR "/qmon"
#define FRAMES 64
#define LOADED_AT 0x555500000000ull

static double cpu_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

/* The executable segment of the subject. */
static bool find_code(Elf64_Phdr *ret_code) {
    FILE *file = fopen(SUBJECT, "re");
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    bool found = false;

    if (file == NULL)
        return false;
    if (fread(&header, sizeof header, 1, file) == 1 && fseek(file, (long) header.e_phoff, SEEK_SET) == 0) {
        for (unsigned i = 0; i < header.e_phnum && !found && fread(&segment, sizeof segment, 1, file) == 1; i++)
            found = segment.p_type == PT_LOAD && (segment.p_flags & PF_X);
    }
    fclose(file);
    if (found)
        *ret_code = segment;
    return found;
}

/* An event whose frames lie evenly over the code, from the one numbered `first` to before `end` of FRAMES. */
static struct qmon_event *event_of(const Elf64_Phdr *code, unsigned first, unsigned end) {
    struct qmon_event *event = qmon_event_new(1);
    struct qmon_module *module;
    struct qmon_thread *thread;

    if (event == NULL)
        return NULL;
    event->modules = module = qmon_event_alloc(event, sizeof *module);
    event->threads = thread = qmon_event_alloc(event, sizeof *thread);
    if (module != NULL && thread != NULL)
        thread->frames = qmon_event_alloc(event, FRAMES * sizeof *thread->frames);
    if (module == NULL || thread == NULL || thread->frames == NULL) {
        qmon_event_free(event);
        return NULL;
    }
    event->module_count = event->thread_count = 1;
    module->path = SUBJECT;
    module->start = LOADED_AT + code->p_vaddr;
    module->end = module->start + code->p_memsz;
    module->file_offset = code->p_offset;
    for (unsigned i = first; i < end; i++) {
        struct qmon_frame *frame = &thread->frames[thread->frame_count];
        frame->index = (uint32_t) thread->frame_count++;
        frame->pc = module->start + code->p_memsz / FRAMES * i + code->p_memsz / FRAMES / 2;
        frame->exact = true;
    }
    return event;
}

/* CPU time of a frame, ns. */
static double symbolize(struct qmon_symbolizer *symbolizer, const Elf64_Phdr *code, unsigned first, unsigned end) {
    struct qmon_event *event = event_of(code, first, end);
    double start, spent;

    if (event == NULL)
        return NAN;
    start = cpu_ns();
    qmon_symbolize(symbolizer, event, 0, UINT64_MAX);
    spent = (cpu_ns() - start) / (end - first);
    qmon_event_free(event);
    return spent;
}

/* The same by gcc's libbacktrace; `line` 0 the first frame, 1 further ones, 2 those again. */
static double by_libbacktrace(const Elf64_Phdr *code, unsigned line) {
    char address[32], bytes[32], frames[16];
    const struct bench_process process = {.arguments = {BENCH_LIBBACKTRACE, SUBJECT, address, bytes, frames}};

    snprintf(address, sizeof address, "%#lx", (unsigned long) code->p_vaddr);
    snprintf(bytes, sizeof bytes, "%#lx", (unsigned long) code->p_memsz);
    snprintf(frames, sizeof frames, "%d", FRAMES);
    return bench_number(&process, line);
}

void bench_rows_symbols(void) {
    static struct bench_row opened = {.name = "symbolizing, the first frame of a binary",
                                      .unit = "ns",
                                      .goal_kind = BENCH_VALUE_AT_MOST,
                                      .goal = 1.1e6};
    static struct bench_row next = {
        .name = "symbolizing, a further frame", .unit = "ns", .goal_kind = BENCH_VALUE_AT_MOST, .goal = 77e3};
    static struct bench_row again = {
        .name = "symbolizing, a frame seen before", .unit = "ns", .goal_kind = BENCH_VALUE_AT_MOST, .goal = 1e3};
    struct bench_row *const rows[] = {&opened, &next, &again};
    const bool peer = access(BENCH_LIBBACKTRACE, X_OK) == 0;
    Elf64_Phdr code;

    if (!find_code(&code)) {
        printf("(symbolizing is left out: no code in %s)\n", SUBJECT);
        return;
    }
    for (unsigned i = bench_repeats(20); i > 0; i--) {
        struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
        if (symbolizer == NULL)
            continue;
        bench_add(&opened.measured, symbolize(symbolizer, &code, 0, 1));
        bench_add(&next.measured, symbolize(symbolizer, &code, 1, FRAMES));
        bench_add(&again.measured, symbolize(symbolizer, &code, 1, FRAMES));
        qmon_symbolizer_close(symbolizer);
        for (unsigned line = 0; peer && line < 3; line++)
            bench_add(&rows[line]->baseline, by_libbacktrace(&code, line));
    }
    for (unsigned i = 0; i < 3; i++) {
        rows[i]->baseline_name = peer ? "libbacktrace" : NULL;
        bench_publish(rows[i]);
    }
}
