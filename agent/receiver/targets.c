#include "targets.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#include "process_memory.h"

#define SMALL_NUMBER 4096u
#define TEXT_BYTES 48u
#define TEXT_LEAST 4u
#define USER_TOP UINT64_C(0x0000800000000000) /* x86_64 with four levels; more is rare and said to be no address */
#define KERNEL_BASE UINT64_C(0xffff800000000000)

static const struct qmon_module *module_at(const struct qmon_event *event, uint64_t address) {
    for (size_t i = 0; i < event->module_count; i++)
        if (address >= event->modules[i].start && address < event->modules[i].end)
            return &event->modules[i];
    return NULL;
}

static bool is_module_path(const struct qmon_event *event, const char *path) {
    for (size_t i = 0; *path == '/' && i < event->module_count; i++)
        if (strcmp(event->modules[i].path, path) == 0)
            return true;
    return false;
}

static bool has_name(const struct qmon_register *reg, const char *const *names) {
    for (; *names != NULL; names++)
        if (strcmp(reg->name, *names) == 0)
            return true;
    return false;
}

/* "ZF PF IF" */
static const char *flags_text(struct qmon_event *event, uint64_t flags) {
    static const struct {
        unsigned bit;
        const char *name;
    } known[] = {{0, "CF"}, {2, "PF"}, {4, "AF"}, {6, "ZF"}, {7, "SF"}, {8, "TF"}, {9, "IF"}, {10, "DF"}, {11, "OF"}};
    char text[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (flags >> known[i].bit & 1)
            used += (size_t) snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "", known[i].name);
    return qmon_event_text(event, text);
}

/* The string constant at an address, quoted; NULL where there is none. */
static const char *constant_text(struct qmon_event *event, uint32_t live_pid, const struct qmon__mapping *mapping,
                                 uint64_t address) {
    char text[TEXT_BYTES + 1];
    uint64_t left = mapping->end - address;
    const size_t wanted = left < TEXT_BYTES ? (size_t) left : TEXT_BYTES;
    const ssize_t count = qmon__memory_copy((pid_t) live_pid, address, text, wanted);
    size_t bytes = 0;
    while (count > 0 && bytes < (size_t) count && isprint((unsigned char) text[bytes]))
        bytes++;
    if (bytes < TEXT_LEAST || (bytes < (size_t) count && text[bytes] != '\0'))
        return NULL;
    bool cut = bytes == (size_t) count;
    text[bytes] = '\0';
    return qmon_event_format(event, "\"%s\"%s", qmon_redact(event, text), cut ? "..." : "");
}

static const char *words_of_file(struct qmon_event *event, const struct qmon__mapping *mapping, uint64_t address,
                                 uint32_t live_pid) {
    uint64_t offset = address - mapping->start + mapping->file_offset;
    const char *name = qmon_base_name(mapping->name), *text = NULL;
    if (!mapping->readable)
        return qmon_event_format(event, "memory without access, of %s", name);
    if (!is_module_path(event, mapping->name))
        return qmon_event_format(event, "the mapped file %s+0x%" PRIx64, name, offset);
    if (mapping->executable)
        return qmon_event_format(event, "code of %s+0x%" PRIx64, name, offset);
    if (mapping->writable)
        return qmon_event_format(event, "data of %s+0x%" PRIx64, name, offset);
    if (live_pid != 0)
        text = constant_text(event, live_pid, mapping, address);
    return text != NULL ? qmon_event_format(event, "%s in %s", text, name)
                        : qmon_event_format(event, "read-only data of %s+0x%" PRIx64, name, offset);
}

static const char *words_of_mapping(struct qmon_event *event, const struct qmon__mapping *mapping, uint64_t address,
                                    uint32_t live_pid) {
    if (*mapping->name == '/')
        return words_of_file(event, mapping, address, live_pid);
    if (strcmp(mapping->name, "[heap]") == 0)
        return qmon_event_format(event, "heap+0x%" PRIx64, address - mapping->start);
    if (strncmp(mapping->name, "[stack", 6) == 0)
        return "another stack";
    if (*mapping->name != '\0' && strncmp(mapping->name, "[anon", 5) != 0)
        return qmon_event_text(event, mapping->name);
    if (!mapping->readable && !mapping->writable)
        return "memory without access (a guard page, or reserved)";
    return qmon_event_format(event, "anonymous memory+0x%" PRIx64, address - mapping->start);
}

static const char *words_of_stack(struct qmon_event *event, const struct qmon_record_crash *crash, uint64_t address,
                                  uint64_t stack_pointer) {
    if (crash->stack_high == 0 || address < crash->stack_low || address >= crash->stack_high)
        return NULL;
    if (address == stack_pointer)
        return "top of the stack";
    bool below = address < stack_pointer;
    return qmon_event_format(event, "stack, sp%c0x%" PRIx64, below ? '-' : '+',
                             below ? stack_pointer - address : address - stack_pointer);
}

static bool looks_like_text(uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        if (!isprint((int) (value >> shift & 0xff)))
            return false;
    return true;
}

/* Of what is no address of this process. */
static const char *words_of_number(struct qmon_event *event, uint64_t value, bool map_known) {
    if (value < SMALL_NUMBER)
        return value < 10 ? NULL : qmon_event_format(event, "%" PRIu64, value);
    if (value > UINT64_MAX - SMALL_NUMBER)
        return qmon_event_format(event, "%" PRId64, (int64_t) value);
    if (value >= USER_TOP && value < KERNEL_BASE)
        return looks_like_text(value) ? "no address: looks like text" : NULL;
    return map_known && value >= UINT64_C(0x10000000) && value < USER_TOP ? "not mapped" : NULL;
}

struct scene {
    struct qmon_event *event;
    const struct qmon_record_crash *crash;
    const struct qmon__memory_map *map;
    uint64_t stack_pointer;
    uint32_t live_pid;
};

/* NULL for code: the symbolizer says it better. */
static const char *words_of(const struct scene *scene, uint64_t value) {
    if (module_at(scene->event, value) != NULL)
        return NULL;
    const char *words = words_of_stack(scene->event, scene->crash, value, scene->stack_pointer);
    const struct qmon__mapping *mapping = words == NULL ? qmon__memory_map_find(scene->map, value) : NULL;
    if (mapping != NULL)
        return words_of_mapping(scene->event, mapping, value, scene->live_pid);
    return words != NULL ? words : words_of_number(scene->event, value, scene->map->count > 0);
}

static bool may_be_kept(const struct scene *scene, uint64_t word) {
    return word < SMALL_NUMBER || word > UINT64_MAX - SMALL_NUMBER || module_at(scene->event, word) != NULL ||
           (word >= scene->crash->stack_low && word < scene->crash->stack_high) ||
           qmon__memory_map_find(scene->map, word) != NULL;
}

static void keep_stack_words(const struct scene *scene) {
    const struct qmon_record_crash *crash = scene->crash;
    struct qmon_event *event = scene->event;
    size_t count = crash->stack_byte_count / sizeof(uint64_t);
    event->context.stack_words = qmon_event_alloc(event, (count + 1) * sizeof *event->context.stack_words);
    if (event->context.stack_words == NULL)
        return;
    event->context.stack_address = crash->stack_start;
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, crash->stack_bytes + i * sizeof word, sizeof word);
        const char *text = may_be_kept(scene, word) ? qmon_event_format(event, "0x%" PRIx64, word) : "-";
        if (text == NULL)
            break;
        event->context.stack_words[event->context.stack_word_count++] = text;
    }
}

void qmon__add_targets(struct qmon_event *event, const struct qmon_record_crash *crash,
                       const struct qmon__memory_map *map, uint32_t live_pid) {
    static const char *const stack_pointers[] = {"rsp", "sp", NULL};
    static const char *const no_addresses[] = {"err", "trapno", "pstate", NULL};
    static const char *const flags[] = {"eflags", NULL};
    struct scene scene = {.event = event, .crash = crash, .map = map, .live_pid = live_pid};
    for (size_t i = 0; i < event->register_count; i++)
        if (has_name(&event->registers[i], stack_pointers))
            scene.stack_pointer = event->registers[i].value;
    for (size_t i = 0; i < event->register_count; i++) {
        struct qmon_register *reg = &event->registers[i];
        if (has_name(reg, flags))
            reg->points_to = flags_text(event, reg->value);
        else if (!has_name(reg, no_addresses))
            reg->points_to = words_of(&scene, reg->value);
    }
    keep_stack_words(&scene);
}

static bool is_data_file(const struct qmon_event *event, const struct qmon__mapping *mapping) {
    return mapping->readable && *mapping->name == '/' && strncmp(mapping->name, "/memfd:", 7) != 0 &&
           strncmp(mapping->name, "/SYSV", 5) != 0 && !is_module_path(event, mapping->name);
}

const char *qmon__address_words(struct qmon_event *event, const struct qmon_record_crash *crash,
                                const struct qmon__memory_map *map, uint64_t address, uint32_t live_pid) {
    const struct scene scene = {.event = event, .crash = crash, .map = map, .live_pid = live_pid};
    const struct qmon__mapping *mapping = qmon__memory_map_find(map, address);
    const char *words = mapping != NULL ? words_of(&scene, address) : NULL;
    if (words != NULL && is_data_file(event, mapping)) /* it is what has to be looked at: with its whole path */
        words = qmon_event_format(event, "the mapped file %s+0x%" PRIx64, mapping->name,
                                  address - mapping->start + mapping->file_offset);
    return words;
}

/* Registers that point into code, as frames of a thread that is there for the symbolizer alone. */
static void make_register_thread(struct qmon_event *event, struct qmon_thread *ret_thread) {
    *ret_thread = (struct qmon_thread){0};
    ret_thread->frames = qmon_event_alloc(event, (event->register_count + 1) * sizeof *ret_thread->frames);
    if (ret_thread->frames == NULL)
        return;
    for (size_t i = 0; i < event->register_count; i++) {
        const struct qmon_register *reg = &event->registers[i];
        if (reg->points_to == NULL && module_at(event, reg->value) != NULL)
            ret_thread->frames[ret_thread->frame_count++] =
                (struct qmon_frame){.index = (uint32_t) i, .pc = reg->value, .exact = true};
    }
}

/* The outermost of inlined ones: that is where the code is. */
static void take_register_frames(struct qmon_event *event, const struct qmon_thread *thread) {
    for (size_t i = 0; i < thread->frame_count; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (frame->inlined || frame->tail_call || frame->index >= event->register_count || frame->module == NULL)
            continue;
        struct qmon_register *reg = &event->registers[frame->index];
        const char *module = qmon_base_name(frame->module);
        if (frame->function != NULL && frame->function_offset != 0)
            reg->points_to =
                qmon_event_format(event, "%s+0x%" PRIx64 " (%s)", frame->function, frame->function_offset, module);
        else if (frame->function != NULL)
            reg->points_to = qmon_event_format(event, "%s (%s)", frame->function, module);
        else
            reg->points_to = qmon_event_format(event, "code of %s+0x%" PRIx64, module, frame->offset);
    }
}

void qmon__symbolize_event(struct qmon_symbolizer *symbolizer, struct qmon_event *event, uint32_t live_pid,
                           uint64_t deadline_monotonic_ms) {
    struct qmon_thread *own = event->threads;
    size_t count = event->thread_count;
    struct qmon_thread *with = qmon_event_alloc(event, (count + 1) * sizeof *with);
    if (with != NULL) {
        if (count > 0)
            memcpy(with, own, count * sizeof *with);
        make_register_thread(event, &with[count]);
        event->threads = with;
        event->thread_count = count + (with[count].frame_count > 0);
    }
    qmon_symbolize(symbolizer, event, live_pid, deadline_monotonic_ms);
    if (event->thread_count > count)
        take_register_frames(event, &event->threads[count]);
    event->thread_count = count;
    qmon_fold_threads(event);
}
