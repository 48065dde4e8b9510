/*
 * Makes a private copy of a record safe to use. What comes out is in bounds, whatever went in; whether it is true is
 * another matter, and nobody's to decide here.
 */
#include <string.h>

#include "record_file.h"

#define END(array) ((array)[sizeof(array) - 1] = '\0')

static uint32_t at_most(uint32_t value, uint32_t limit) {
    return value < limit ? value : limit;
}

const char *qmon__record_header_problem(const struct qmon_record_header *header) {
    if (header->magic != QMON_RECORD_MAGIC)
        return "it does not begin as a record does";
    if (header->version != QMON_RECORD_VERSION)
        return "it is of another version";
    if (header->bytes != QMON_RECORD_BYTES)
        return "it says a size that records do not have";
    if (atomic_load(&header->state) > QMON_STATE_DONE)
        return "its state is none that there is";
    return NULL;
}

static void sanitize_header(struct qmon_record_header *header) {
    END(header->killer.name);
}

static void sanitize_process(struct qmon_record_process *process) {
    process->command_line_bytes = at_most(process->command_line_bytes, QMON_COMMAND_LINE_BYTES);
    END(process->boot_id);
    END(process->executable);
    END(process->working_directory);
    END(process->library);
    END(process->note);
}

static void sanitize_crash(struct qmon_record_crash *crash) {
    if (atomic_load(&crash->stage) > QMON_STAGE_SEALED)
        atomic_store(&crash->stage, QMON_STAGE_SEALED);
    crash->register_count = at_most(crash->register_count, QMON_CRASH_REGISTERS);
    crash->stack_byte_count = at_most(crash->stack_byte_count, QMON_CRASH_STACK_BYTES);
    crash->code_byte_count = at_most(crash->code_byte_count, QMON_CRASH_CODE_BYTES);
    crash->frame_count_inner = at_most(crash->frame_count_inner, QMON_CRASH_FRAMES_HALF);
    crash->frame_count_outer = at_most(crash->frame_count_outer, QMON_CRASH_FRAMES_HALF);
    END(crash->thread_name);
    END(crash->abort_message);
    END(crash->assertion);
    END(crash->assertion_file);
    END(crash->assertion_function);
    END(crash->exception_type);
    END(crash->exception_message);
}

static void sanitize_thrown(struct qmon_record_thrown *thrown) {
    thrown->frame_count = at_most(thrown->frame_count, QMON_THROWN_FRAMES);
}

static void sanitize_modules(struct qmon_record_modules *modules) {
    modules->count = at_most(modules->count, QMON_RECORD_MODULES);
    modules->path_bytes = at_most(modules->path_bytes, QMON_MODULE_PATHS_BYTES);
    for (uint32_t i = 0; i < modules->count; i++) {
        struct qmon_record_module *module = &modules->entries[i];
        module->path = at_most(module->path, modules->path_bytes);
        module->path_bytes = (uint16_t) at_most(module->path_bytes, modules->path_bytes - module->path);
        if (module->build_id_bytes > QMON_BUILD_ID_BYTES)
            module->build_id_bytes = QMON_BUILD_ID_BYTES;
    }
}

static void sanitize_threads(struct qmon_record_threads *threads) {
    atomic_store(&threads->count, at_most(atomic_load(&threads->count), QMON_RECORD_THREADS));
    for (uint32_t i = 0; i < QMON_RECORD_THREADS; i++) {
        struct qmon_record_thread *thread = &threads->entries[i];
        thread->first = (uint16_t) at_most(thread->first, QMON_RECORD_THREADS_FRAMES);
        thread->frame_count = (uint16_t) at_most(thread->frame_count, QMON_RECORD_THREADS_FRAMES - thread->first);
        thread->frame_count = (uint16_t) at_most(thread->frame_count, QMON_RECORD_THREAD_FRAMES);
        END(thread->name);
    }
}

void qmon__record_sanitize(struct qmon_record *copy, unsigned sections) {
    if (sections & QMON__LOAD_HEAD) {
        sanitize_header(&copy->header);
        sanitize_process(&copy->process);
    }
    if (sections & QMON__LOAD_CRASH) {
        sanitize_crash(&copy->crash);
        sanitize_thrown(&copy->thrown);
    }
    if (sections & QMON__LOAD_MODULES)
        sanitize_modules(&copy->modules);
    if (sections & QMON__LOAD_CRUMBS)
        for (unsigned i = 0; i < QMON_CRUMBS; i++)
            END(copy->crumbs.entries[i].text);
    if (sections & QMON__LOAD_THREADS)
        sanitize_threads(&copy->threads);
}
