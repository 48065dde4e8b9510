/*
 * dwarf_line_program.c: runs a unit's line program, step by step, and keeps no rows: only the last one that counts. Of rows at
 * one address that is the last; a row of line 0 does not count, which is code of the compiler's own making: that is told by
 * the line before it, as gdb does.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "dwarf_unit.h"

#define COLUMN_MAX 4095u
#define FILE_NUMBER_MAX 0xfffffu

struct qmon__line_program {
    const unsigned char *start, *end;
    uint64_t constant_advance; /* of DW_LNS_const_add_pc */
    uint8_t least_instruction, opcode_base;
    uint8_t opcode_lengths[256];
    uint16_t advance[256]; /* of a special opcode: the address */
    int16_t line[256];     /* the same: the line */
};

struct qmon__line_program *qmon__line_program_new(const struct qmon__line_header *header) {
    struct qmon__line_program *program = calloc(1, sizeof *program);
    if (!program)
        return NULL;
    program->start = header->program.at;
    program->end = header->program.end;
    program->least_instruction = header->least_instruction;
    program->opcode_base = header->opcode_base;
    for (unsigned opcode = 1; opcode < header->opcode_base; opcode++)
        program->opcode_lengths[opcode] = header->opcode_lengths[opcode - 1];
    for (unsigned opcode = header->opcode_base; opcode < 256; opcode++) {
        unsigned adjusted = opcode - header->opcode_base;
        program->advance[opcode] = (uint16_t) (adjusted / header->line_range * header->least_instruction);
        program->line[opcode] = (int16_t) (header->line_base + (int) (adjusted % header->line_range));
    }
    program->constant_advance =
        (uint64_t) ((255 - header->opcode_base) / header->line_range) * header->least_instruction;
    return program;
}

struct qmon__bytes qmon__line_program_bytes(const struct qmon__line_program *program) {
    return (struct qmon__bytes){program->start, (size_t) (program->end - program->start)};
}

struct qmon__line_mark qmon__line_program_start(const struct qmon__line_program *program) {
    return (struct qmon__line_mark){.at = program->start, .now = {.file = 1, .line = 1}};
}

enum event { EVENT_NONE, EVENT_ROW, EVENT_SEQUENCE };

static enum event extended(struct qmon__row *now, struct qmon__cursor *cursor) {
    uint64_t length = qmon__cursor_uleb(cursor);
    if (!length || length > qmon__cursor_left(cursor)) {
        qmon__cursor_fail(cursor);
        return EVENT_NONE;
    }
    struct qmon__cursor inside = {cursor->at, cursor->at + length, false};
    qmon__cursor_skip(cursor, length);
    switch (qmon__cursor_u8(&inside)) {
    case DW_LNE_end_sequence:
        return EVENT_SEQUENCE;
    case DW_LNE_set_address:
        now->address = qmon__cursor_number(&inside, length - 1 <= 8 ? (unsigned) length - 1 : 9);
        return EVENT_NONE;
    case DW_LNE_define_file: /* none of the compilers we know has ever used it */
    default:
        return EVENT_NONE;
    }
}

static inline enum event standard(const struct qmon__line_program *program, struct qmon__row *now, uint8_t opcode,
                                  struct qmon__cursor *cursor) {
    uint64_t value;
    switch (opcode) {
    case DW_LNS_copy:
        return EVENT_ROW;
    case DW_LNS_advance_pc:
        now->address += qmon__cursor_uleb(cursor) * program->least_instruction;
        return EVENT_NONE;
    case DW_LNS_advance_line:
        now->line += (uint32_t) qmon__cursor_sleb(cursor);
        return EVENT_NONE;
    case DW_LNS_set_file:
        value = qmon__cursor_uleb(cursor);
        now->file = value <= FILE_NUMBER_MAX ? (uint32_t) value & FILE_NUMBER_MAX : 0;
        return EVENT_NONE;
    case DW_LNS_set_column:
        value = qmon__cursor_uleb(cursor);
        now->column = value <= COLUMN_MAX ? (uint32_t) value & COLUMN_MAX : 0;
        return EVENT_NONE;
    case DW_LNS_const_add_pc:
        now->address += program->constant_advance;
        return EVENT_NONE;
    case DW_LNS_fixed_advance_pc:
        now->address += qmon__cursor_u16(cursor);
        return EVENT_NONE;
    default: /* flags that we do not keep, and opcodes of the future: their arguments are LEB128 numbers */
        for (uint8_t i = 0; i < program->opcode_lengths[opcode]; i++)
            qmon__cursor_skip_leb(cursor);
        return EVENT_NONE;
    }
}

/* A row that counts. */
static inline void take_row(struct qmon__line_mark *mark, const struct qmon__row *row) {
    if (!mark->last.line)
        mark->low = row->address;
    else if (row->address < mark->last.address)
        mark->unsorted = true;
    mark->last = *row;
}

enum qmon__line_stop qmon__line_program_run(const struct qmon__line_program *program, struct qmon__line_mark *mark,
                                            uint64_t limit, uint32_t *steps) {
    struct qmon__cursor cursor = {mark->at, program->end, false};
    struct qmon__line_mark moved = *mark;
    struct qmon__row now = mark->now;
    enum qmon__line_stop stop = QMON__LINE_STEPS;
    uint32_t left = *steps;
    for (; left && stop == QMON__LINE_STEPS; left--) {
        enum event event = EVENT_ROW;
        if (cursor.at >= cursor.end) {
            stop = QMON__LINE_END;
            break;
        }
        uint8_t opcode = *cursor.at++;
        if (opcode >= program->opcode_base) {
            now.address += program->advance[opcode];
            now.line += (uint32_t) program->line[opcode];
        } else {
            event = opcode ? standard(program, &now, opcode, &cursor) : extended(&now, &cursor);
        }
        if (event == EVENT_SEQUENCE)
            stop = QMON__LINE_SEQUENCE;
        else if (event == EVENT_ROW && now.line && now.address > limit)
            stop = QMON__LINE_PAST;
        else if (event == EVENT_ROW && now.line)
            take_row(&moved, &now);
    }
    moved.at = cursor.at;
    moved.now = now;
    *mark = moved;
    *steps = left;
    return stop;
}
