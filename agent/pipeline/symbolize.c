/*
 * symbolize.c: every frame of an event from its program counter. Files that were opened are kept, with all that was read of
 * them, for the next event; a file whose build id is not known is opened anew for each, since another may be there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "binary.h"
#include "debug_index.h"
#include "file_guard.h"
#include "role.h"

#define PAGE_BYTES 4096u
#define BINARIES_MAX 256u
#define FRAMES_MAX 65536u /* of one thread, inlined ones included */

struct qmon_symbolizer {
    struct qmon__binary *binaries;
    size_t binary_count;
    uint64_t run;
    bool thorough;
    struct qmon__debug_index *index; /* of a directory to look through besides; NULL none */
};

/* One event's turn. */
struct run {
    struct qmon_symbolizer *symbolizer;
    struct qmon_event *event;
    uint32_t live_pid;
    struct qmon__budget budget;
    const struct qmon_module **by_start; /* sorted */
    struct qmon_frame *frames;           /* of the thread at hand, inlined ones put in */
    size_t frame_count, frame_room;
    size_t unresolved; /* frames that the deadline left without names */
    size_t thread;     /* the one at hand */
    struct {           /* the frame before the one at hand */
        const struct qmon_module *module;
        struct qmon__binary *binary;
        uint64_t entry; /* of its function; 0 unknown */
        uint64_t pc, offset;
    } callee;
    bool without_files;
};

struct qmon_symbolizer *qmon_symbolizer_open(void) {
    return calloc(1, sizeof(struct qmon_symbolizer));
}

void qmon_symbolizer_be_thorough(struct qmon_symbolizer *symbolizer) {
    symbolizer->thorough = true;
}

static void close_binaries(struct qmon_symbolizer *symbolizer) {
    for (struct qmon__binary *binary = symbolizer->binaries, *next; binary; binary = next) {
        next = binary->next;
        qmon__binary_close(binary);
    }
    symbolizer->binaries = NULL;
    symbolizer->binary_count = 0;
}

void qmon_symbolizer_close(struct qmon_symbolizer *symbolizer) {
    if (!symbolizer)
        return;
    close_binaries(symbolizer);
    qmon__debug_index_close(symbolizer->index);
    free(symbolizer);
}

int qmon_symbolizer_add_directory(struct qmon_symbolizer *symbolizer, const char *directory, size_t *ret_files,
                                  bool *ret_is_cut) {
    errno = 0;
    struct qmon__debug_index *index = qmon__debug_index_open(directory);
    if (!index)
        return errno ? -errno : -ENOMEM;
    qmon__debug_index_close(symbolizer->index);
    symbolizer->index = index;
    *ret_files = qmon__debug_index_count(index);
    *ret_is_cut = qmon__debug_index_is_cut(index);
    return 0;
}

static int by_start(const void *left, const void *right) {
    const struct qmon_module *const *a = left, *const *b = right;
    return ((*a)->start > (*b)->start) - ((*a)->start < (*b)->start);
}

static const struct qmon_module *find_module(const struct run *run, uint64_t pc) {
    size_t low = 0, high = run->event->module_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->by_start[middle]->start <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low && pc < run->by_start[low - 1]->end ? run->by_start[low - 1] : NULL;
}

static bool is_executable(const char *path, const char *executable) {
    size_t length = executable ? strlen(executable) : 0;
    return length && !strncmp(path, executable, length) && (!path[length] || !strcmp(path + length, " (deleted)"));
}

static struct qmon__binary *open_binary(struct run *run, const struct qmon_module *module) {
    struct qmon_symbolizer *symbolizer = run->symbolizer;
    const char *executable = run->event->process.executable;
    const char *build_id = module->build_id ? module->build_id : "";
    struct qmon__file_identity now = {0};
    for (struct qmon__binary *binary = symbolizer->binaries; binary; binary = binary->next) {
        if (strcmp(binary->path, module->path) != 0 || strcmp(binary->wanted_build_id, build_id) != 0)
            continue;
        bool usable = binary->run == symbolizer->run || (*build_id && binary->elf);
        if (!usable && binary->elf) {
            if (!now.inode)
                qmon__identify_file(module->path, &now);
            usable = qmon__same_file(&binary->identity, &now);
        }
        if (usable) {
            binary->run = symbolizer->run;
            return binary;
        }
    }
    struct qmon__module_source source = {
        .path = module->path,
        .build_id = build_id,
        .start = module->start,
        .end = module->end,
        .is_executable = is_executable(module->path, executable),
        .live_pid = run->live_pid,
    };
    struct qmon__binary *binary = qmon__binary_open(&source);
    if (!binary)
        return NULL;
    if (symbolizer->index)
        qmon__debug_index_fill(symbolizer->index, binary);
    if (binary->problem && *module->path == '/')
        qmon_event_note(run->event, "%s %s: no symbols for it", module->path, binary->problem);
    qmon__identify_file(module->path, &binary->identity);
    binary->thorough = symbolizer->thorough;
    binary->run = symbolizer->run;
    binary->next = symbolizer->binaries;
    symbolizer->binaries = binary;
    symbolizer->binary_count++;
    return binary;
}

static void add_frame(struct run *run, const struct qmon_frame *frame) {
    if (run->frame_count == run->frame_room) {
        size_t room = run->frame_room ? run->frame_room * 2 : 64;
        struct qmon_frame *frames = room <= FRAMES_MAX ? realloc(run->frames, room * sizeof *frames) : NULL;
        if (!frames)
            return;
        run->frames = frames;
        run->frame_room = room;
    }
    run->frames[run->frame_count++] = *frame;
}

/* The texts of a place in the memory of this event, copied once however often it comes. */
static void take_texts(struct run *run, struct qmon__lookup *lookup) {
    if (lookup->run == run->symbolizer->run)
        return;
    for (size_t i = 0; i < lookup->count; i++) {
        lookup->places[i].event_function = qmon_event_text(run->event, lookup->places[i].function);
        lookup->places[i].event_file = qmon_event_text(run->event, lookup->places[i].file);
    }
    lookup->run = run->symbolizer->run;
}

static void add_places(struct run *run, const struct qmon_frame *frame, struct qmon__lookup *lookup) {
    take_texts(run, lookup);
    for (size_t i = 0; i < lookup->count; i++) {
        const struct qmon__lookup_place *place = &lookup->places[i];
        bool outermost = i + 1 == lookup->count;
        struct qmon_frame filled = *frame;
        filled.function = place->event_function;
        filled.function_offset = outermost && lookup->entry ? frame->offset - lookup->entry : 0;
        filled.file = place->event_file;
        filled.line = place->line;
        filled.column = place->column;
        filled.inlined = !outermost;
        filled.omitted_after = outermost ? frame->omitted_after : 0;
        filled.role = place->role;
        add_frame(run, &filled);
    }
}

/* A debug file alone says where its segments are in memory, and no longer where in the file. What is mapped is then the one
 * with the code. */
static bool address_without_contents(const struct qmon__elf *elf, uint64_t distance, uint64_t *ret_address) {
    const Elf64_Phdr *code = NULL;
    for (size_t i = 0; i < elf->load_count; i++)
        if (elf->loads[i].p_flags & PF_X) {
            if (code || elf->loads[i].p_filesz)
                return false;
            code = &elf->loads[i];
        }
    if (!code || distance >= code->p_memsz + PAGE_BYTES)
        return false;
    *ret_address = (code->p_vaddr & ~(uint64_t) (PAGE_BYTES - 1)) + distance;
    return true;
}

/* Where the code of a frame is, in its file. A return address may stand behind the last instruction of its function. */
static struct qmon__lookup *look_up(struct run *run, struct qmon_frame *frame, const struct qmon_module *module,
                                    struct qmon__binary **ret_binary) {
    struct qmon__binary *binary = run->without_files ? NULL : open_binary(run, module);
    *ret_binary = binary;
    uint64_t file_offset = frame->pc - module->start + module->file_offset;
    frame->module = module->path;
    frame->build_id = module->build_id;
    frame->offset = file_offset;
    if (!binary || !binary->elf)
        return NULL;
    if (!frame->build_id && *binary->elf->build_id)
        frame->build_id = qmon_event_text(run->event, binary->elf->build_id);
    if (!qmon__elf_address(binary->elf, file_offset, &frame->offset) &&
        !address_without_contents(binary->elf, frame->pc - module->start, &frame->offset))
        return NULL;
    bool returns = !frame->exact && !frame->signal && frame->offset;
    struct qmon__lookup *lookup = qmon__binary_lookup(binary, frame->offset - returns, &run->budget);
    run->unresolved += !lookup;
    if (binary->missing_split)
        qmon_event_note(run->event, "%s: its debug information is elsewhere and not here (%s): no inlined functions",
                        module->path, binary->missing_split);
    if (binary->unreadable)
        qmon_event_note(run->event, "%s: its debug information %s", module->path, binary->unreadable);
    if (binary->debug_too_large)
        qmon_event_note(run->event, "%s: the time was too short for its debug information", module->path);
    return lookup;
}

/* Functions of a file that ended in a call: what is behind each call. `near` is a frame of the same file. */
static void add_tails(struct run *run, const struct qmon_frame *near, struct qmon__binary *binary,
                      const uint64_t *returns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct qmon_frame tail = *near;
        struct qmon__lookup *place = qmon__binary_lookup(binary, returns[i] - 1, &run->budget);
        tail.offset = returns[i];
        tail.pc += returns[i] - near->offset;
        tail.omitted_after = 0;
        tail.tail_call = true;
        if (place && place->count)
            add_places(run, &tail, place);
    }
}

/* The functions that ended in a call of the next, between this frame and the one before it. */
static void add_tail_calls(struct run *run, const struct qmon_frame *frame, struct qmon__binary *binary,
                           struct qmon__lookup *lookup) {
    uint64_t returns[QMON__TAIL_CALLS_MAX];
    qmon__binary_find_tails(binary, lookup, frame->offset, run->callee.entry, &run->budget);
    size_t count = lookup->tail_entry == run->callee.entry ? lookup->tail_count : 0;
    memcpy(returns, lookup->tails, sizeof returns); /* looking up others may throw this one away */
    add_tails(run, frame, binary, returns, count);
}

/* The same where this frame is of another file than the one before it. */
static void add_tail_calls_across(struct run *run, const struct qmon_frame *frame, struct qmon__binary *binary) {
    const struct qmon_module *module = run->callee.module;
    struct qmon__binary *callee = run->callee.binary; /* opened before: no other is in its place */
    struct qmon__tails tails =
        qmon__binary_find_tails_across(binary, frame->offset, callee, run->callee.entry, &run->budget);
    struct qmon_frame near = {.index = frame->index,
                              .pc = run->callee.pc,
                              .offset = run->callee.offset,
                              .module = module->path,
                              .build_id = module->build_id};
    if (!near.build_id && *callee->elf->build_id)
        near.build_id = qmon_event_text(run->event, callee->elf->build_id);
    add_tails(run, &near, callee, tails.returns, tails.count);
}

/* What is known of it stays; only what called it may have been left out. */
static void pass_on(struct run *run, const struct qmon_frame *frame) {
    const struct qmon_module *module = run->callee.entry && !frame->tail_call ? find_module(run, frame->pc) : NULL;
    struct qmon__binary *binary =
        module && module->path && module != run->callee.module && !run->without_files && !frame->exact && !frame->guess
            ? open_binary(run, module)
            : NULL;
    if (binary)
        add_tail_calls_across(run, frame, binary);
    run->callee.entry = 0;
    add_frame(run, frame);
}

static void resolve(struct run *run, const struct qmon_frame *captured) {
    struct qmon_frame frame = *captured;
    struct qmon__binary *binary = NULL;
    if (frame.settled) {
        pass_on(run, &frame);
        return;
    }
    const struct qmon_module *module = frame.language || frame.function ? NULL : find_module(run, frame.pc);
    struct qmon__lookup *lookup = module && module->path ? look_up(run, &frame, module, &binary) : NULL;
    if (lookup && run->callee.entry && !frame.exact && !frame.guess) {
        if (run->callee.module != module)
            add_tail_calls_across(run, &frame, binary);
        else if (lookup->count)
            add_tail_calls(run, &frame, binary, lookup);
        lookup = look_up(run, &frame, module, &binary);
    }
    run->callee.module = module;
    run->callee.binary = binary;
    run->callee.pc = frame.pc;
    run->callee.offset = frame.offset;
    run->callee.entry = lookup && !frame.signal && !frame.omitted_after && !frame.guess ? lookup->entry : 0;
    if (lookup && lookup->count) {
        add_places(run, &frame, lookup);
        return;
    }
    frame.role = qmon__role_of(frame.module, frame.function, frame.file);
    add_frame(run, &frame);
}

static void resolve_thread(struct run *run, struct qmon_thread *thread) {
    run->frame_count = 0;
    run->callee.entry = 0;
    for (size_t i = 0; i < thread->frame_count; i++)
        resolve(run, &thread->frames[i]);
    if (run->frame_count < thread->frame_count) {
        qmon_event_note(run->event, "out of memory: a trace was left without symbols");
        return;
    }
    struct qmon_frame *frames = qmon_event_alloc(run->event, run->frame_count * sizeof *frames);
    if (!frames || !run->frame_count)
        return;
    memcpy(frames, run->frames, run->frame_count * sizeof *frames);
    thread->frames = frames;
    thread->frame_count = run->frame_count;
}

/* False: a file shrank while it was read. */
static bool resolve_threads(struct run *run) {
    struct qmon__file_guard guard;
    if (sigsetjmp(guard.jump, 1))
        return false;
    qmon__file_guard_begin(&guard);
    const size_t threads = run->event->thread_count;
    for (; run->thread < threads + run->event->exception.thrown_count; run->thread++)
        resolve_thread(run, run->thread < threads ? &run->event->threads[run->thread]
                                                  : &run->event->exception.thrown[run->thread - threads]);
    qmon__file_guard_end(&guard);
    return true;
}

/* What was being read may be half done: it is left where it is, and lost, rather than touched again. */
static void forget_binaries(struct run *run) {
    run->symbolizer->binaries = NULL;
    run->symbolizer->binary_count = 0;
    run->frames = NULL;
    run->frame_room = 0;
    run->without_files = true;
    qmon_event_note(run->event, "a module's file shrank while it was read: no symbols from there on");
}

void qmon_symbolize(struct qmon_symbolizer *symbolizer, struct qmon_event *event, uint32_t live_pid,
                    uint64_t deadline_monotonic_ms) {
    struct run run = {.symbolizer = symbolizer,
                      .event = event,
                      .live_pid = live_pid,
                      .budget = {.deadline_ms = deadline_monotonic_ms}};
    if (symbolizer->binary_count > BINARIES_MAX)
        close_binaries(symbolizer);
    symbolizer->run++;
    run.by_start = malloc((event->module_count + 1) * sizeof *run.by_start);
    if (!run.by_start) {
        qmon_event_note(event, "out of memory: the trace was left without symbols");
        return;
    }
    for (size_t i = 0; i < event->module_count; i++)
        run.by_start[i] = &event->modules[i];
    qsort(run.by_start, event->module_count, sizeof *run.by_start, by_start);
    if (!resolve_threads(&run)) {
        forget_binaries(&run);
        resolve_threads(&run);
    }
    if (run.unresolved)
        qmon_event_note(event, "the time for symbols ran out: %zu frames have none", run.unresolved);
    free(run.by_start);
    free(run.frames);
}
