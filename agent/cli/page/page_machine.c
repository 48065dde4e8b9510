/* page_machine.c: registers, instructions, stack and modules of a page: what a person asks for who knows machine code. */
#include "page.h"

#include <inttypes.h>
#include <string.h>

#include <qmon/text.h>

#include "disassemble.h"

#define SHOWN_BEFORE 4u
#define SHOWN_AFTER 4u
#define BYTES_SHOWN 8u
#define STACK_COLUMNS 4u
#define STACK_WIDTH 97u /* of four columns */

static void heading(FILE *out, const struct qmon__cli_style *style, const char *text) {
    putc('\n', out);
    qmon__cli_put(out, style, QMON_LOOK_FAINT, text);
    putc('\n', out);
}

void qmon__cli_page_registers(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    if (event->register_count == 0) {
        putc('\n', out);
        qmon__cli_page_row(out, style, "Registers", "none were kept with this event");
        return;
    }
    heading(out, style, "Registers");
    for (size_t i = 0; i < event->register_count; i++) {
        const struct qmon_register *at = &event->registers[i];
        unsigned room = style->columns > 32 ? style->columns - 30 : 100;
        char words[512];

        fprintf(out, "  %-6s  0x%016" PRIx64, at->name, at->value);
        if (at->points_to) {
            qmon__cli_fit(style, at->points_to, room, words, sizeof words);
            fputs("  ", out);
            qmon__cli_put(out, style, QMON_LOOK_PLAIN, words);
        }
        putc('\n', out);
    }
}

static void print_instruction(FILE *out, const struct qmon__cli_style *style,
                              const struct qmon__cli_instruction *instruction) {
    char bytes[3 * QMON_INSTRUCTION_BYTES + 4] = "";
    size_t used = 0;

    for (size_t i = 0; i < instruction->byte_count && i < BYTES_SHOWN; i++)
        used += (size_t) snprintf(bytes + used, sizeof bytes - used, "%02x ", instruction->bytes[i]);
    if (instruction->byte_count > BYTES_SHOWN)
        snprintf(bytes + used, sizeof bytes - used, "..");
    fputs(qmon__cli_look(style, instruction->current ? QMON_LOOK_BAD : QMON_LOOK_FAINT), out);
    fprintf(out, "%s 0x%" PRIx64 "  %-*s", instruction->current ? ">" : " ", instruction->address,
            (int) (3 * BYTES_SHOWN + 2), bytes);
    fputs(qmon__cli_plain(style), out);
    qmon__cli_put(out, style, instruction->current ? QMON_LOOK_TITLE : QMON_LOOK_PLAIN, instruction->text);
    putc('\n', out);
}

void qmon__cli_page_code(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    struct qmon__cli_instruction instructions[SHOWN_BEFORE + SHOWN_AFTER + 1];
    const char *problem = NULL;
    size_t count = qmon__cli_disassemble(event, SHOWN_BEFORE, SHOWN_AFTER, instructions, &problem);

    if (count == 0 && !problem)
        return;
    heading(out, style, "Code at the program counter");
    if (problem)
        qmon__cli_put_wrapped(out, style, 0, 2, problem);
    for (size_t i = 0; i < count; i++)
        print_instruction(out, style, &instructions[i]);
}

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Is it part of the address that an instruction uses, in brackets? */
static bool is_in_address(const char *instruction, const char *name) {
    const char *from = strchr(instruction, '['), *to = from ? strchr(from, ']') : NULL;
    size_t bytes = strlen(name);

    for (const char *at = from; at && to && (at = strstr(at, name)) && at < to; at++)
        if (!is_name_byte(at[-1]) && !is_name_byte(at[bytes]))
            return true;
    return false;
}

void qmon__cli_page_instruction(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    struct qmon__cli_instruction instruction;
    const char *problem = NULL;
    char text[512];
    size_t used;

    if (!event->signal.has_address || qmon__cli_disassemble(event, 0, 0, &instruction, &problem) != 1)
        return;
    used = (size_t) snprintf(text, sizeof text, "%s", instruction.text);
    for (size_t i = 0; i < event->register_count && used < sizeof text; i++)
        if (event->registers[i].name && is_in_address(instruction.text, event->registers[i].name))
            used += (size_t) snprintf(text + used, sizeof text - used, ", %s = 0x%" PRIx64, event->registers[i].name,
                                      event->registers[i].value);
    qmon__cli_page_row(out, style, "Executing", text);
}

static const struct qmon_module *module_at(const struct qmon_event *event, uint64_t address) {
    for (size_t i = 0; i < event->module_count; i++)
        if (address >= event->modules[i].start && address < event->modules[i].end)
            return &event->modules[i];
    return NULL;
}

/* "checkout+0x1c20": the place in the file, which tools take. */
static void put_place(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event, uint64_t pc,
                      const struct qmon_frame *frame) {
    const struct qmon_module *module = module_at(event, pc);

    if (frame && frame->module) {
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, qmon_base_name(frame->module));
        fprintf(out, "+0x%" PRIx64, frame->offset);
    } else if (module) {
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, module->path ? qmon_base_name(module->path) : "?");
        fprintf(out, " file offset 0x%" PRIx64, pc - module->start + module->file_offset);
    } else {
        fputs("in no module", out);
    }
}

static void print_raw_thread(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                             const struct qmon_thread *thread) {
    fprintf(out, "\nThread %" PRIu32 " ", thread->tid);
    qmon__cli_put(out, style, QMON_LOOK_PLAIN, thread->name);
    fprintf(out, "%s%s\n", thread->crashed ? ", crashed, " : ", ", thread->state ? thread->state : "state unknown");
    for (size_t i = 0; i < thread->frame_count; i++) {
        const struct qmon_frame *frame = &thread->frames[i];

        if (frame->inlined || frame->language)
            continue; /* they have no address of their own */
        fprintf(out, "  #%-3" PRIu32 " 0x%016" PRIx64 "  ", frame->index, frame->pc);
        put_place(out, style, event, frame->pc, frame);
        fprintf(out, "%s%s%s\n", frame->exact ? "  (exact)" : "", frame->guess ? "  (guess)" : "",
                frame->signal ? "  (signal trampoline)" : "");
        if (frame->omitted_after)
            fprintf(out, "  ... %" PRIu64 " frames were not kept\n", frame->omitted_after);
    }
    if (thread->unwind_note) {
        fputs("  ", out);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, thread->unwind_note);
        putc('\n', out);
    }
}

static void print_raw_stack(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    size_t columns = style->columns && style->columns < STACK_WIDTH ? STACK_COLUMNS / 2 : STACK_COLUMNS;

    if (event->context.stack_word_count == 0)
        return;
    heading(out, style, "Stack, from the stack pointer up (- : not kept, it may be the program's data)");
    for (size_t i = 0; i < event->context.stack_word_count; i++) {
        char word[24];
        bool last = i % columns + 1 == columns || i + 1 == event->context.stack_word_count;

        if (i % columns == 0)
            fprintf(out, "  0x%016" PRIx64 " ", event->context.stack_address + 8 * i);
        qmon__cli_fit(style, event->context.stack_words[i], 18, word, sizeof word);
        fprintf(out, last ? " %s\n" : " %-18s", word);
    }
}

void qmon__cli_page_modules(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    if (event->module_count == 0)
        return;
    heading(out, style, "Modules: start-end, offset in the file, build id, path");
    for (size_t i = 0; i < event->module_count; i++) {
        const struct qmon_module *module = &event->modules[i];

        fprintf(out, "  0x%" PRIx64 "-0x%" PRIx64 "  0x%-8" PRIx64 "  ", module->start, module->end,
                module->file_offset);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, module->build_id ? module->build_id : "-");
        fputs("  ", out);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, module->path);
        putc('\n', out);
    }
}

void qmon__cli_page_raw(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    qmon__cli_page_row(out, style, "Event", event->id);
    qmon__cli_page_rowf(out, style, "Process", "%" PRIu32 " %s", event->process.pid,
                        event->process.executable ? event->process.executable : "");
    if (event->signal.number)
        qmon__cli_page_rowf(out, style, "Signal", "%d, code %d, address 0x%" PRIx64, event->signal.number,
                            event->signal.code, event->signal.address);
    for (size_t i = 0; i < event->thread_count; i++)
        print_raw_thread(out, style, event, &event->threads[i]);
    qmon__cli_page_registers(out, style, event);
    if (event->context.code) {
        char title[96];
        snprintf(title, sizeof title, "Code bytes from 0x%" PRIx64, event->context.code_address);
        heading(out, style, title);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, "  ");
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, event->context.code);
        putc('\n', out);
    }
    print_raw_stack(out, style, event);
    qmon__cli_page_modules(out, style, event);
}
