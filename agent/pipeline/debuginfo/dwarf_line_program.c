/*
 * dwarf_line_program.c: runs a unit's line program and keeps its rows. Of rows at one address the last counts; a row that says
 * what the one before it said is not kept, nor one of line 0, which is code of the compiler's own making: that is told by
 * the line before it, as gdb does.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "dwarf_unit.h"

#define ROWS_MAX 32000000u
#define SEQUENCES_MAX 8000000u
#define COLUMN_MAX 4095u
#define FILE_NUMBER_MAX 0xfffffu
#define BYTES_A_ROW 4u /* of the program, as compilers write it; memory that is not touched costs nothing */

struct machine {
    struct qmon__lines *lines;
    const struct qmon__line_header *header;
    uint64_t address, file, column;
    uint32_t line;
    size_t first; /* row of the sequence at hand */
    bool unsorted, failed;
};

static void reset(struct machine *machine) {
    machine->address = machine->column = 0;
    machine->file = machine->line = 1;
    machine->first = machine->lines->row_count;
    machine->unsorted = false;
}

static void emit(struct machine *machine) {
    struct qmon__lines *lines = machine->lines;
    if (machine->line == 0)
        return;
    struct qmon__row row = {
        .address = machine->address,
        .line = machine->line,
        .file = machine->file <= FILE_NUMBER_MAX ? (uint32_t) machine->file & FILE_NUMBER_MAX : 0,
        .column = machine->column <= COLUMN_MAX ? (uint32_t) machine->column & COLUMN_MAX : 0,
    };
    if (lines->row_count > machine->first) {
        struct qmon__row *last = &lines->rows[lines->row_count - 1];
        machine->unsorted |= row.address < last->address;
        if (row.address == last->address) {
            *last = row;
            return;
        }
        if (row.line == last->line && row.file == last->file && row.column == last->column)
            return;
    }
    if (!QMON__GROW(lines->rows, lines->row_room, lines->row_count, ROWS_MAX)) {
        machine->failed = true;
        return;
    }
    lines->rows[lines->row_count++] = row;
}

static void end_sequence(struct machine *machine) {
    struct qmon__lines *lines = machine->lines;
    size_t count = lines->row_count - machine->first;
    uint64_t low = count ? lines->rows[machine->first].address : 0;
    if (!low || machine->unsorted || machine->address <= low) {
        lines->row_count = machine->first; /* thrown away by the linker, or nonsense */
    } else if (QMON__GROW(lines->sequences, lines->sequence_room, lines->sequence_count, SEQUENCES_MAX)) {
        lines->sequences[lines->sequence_count++] =
            (struct qmon__sequence){low, machine->address, machine->first, count};
    } else {
        machine->failed = true;
    }
    reset(machine);
}

static void extended(struct machine *machine, struct qmon__cursor *cursor) {
    uint64_t length = qmon__cursor_uleb(cursor);
    if (!length || length > qmon__cursor_left(cursor)) {
        qmon__cursor_fail(cursor);
        return;
    }
    struct qmon__cursor inside = {cursor->at, cursor->at + length, false};
    qmon__cursor_skip(cursor, length);
    switch (qmon__cursor_u8(&inside)) {
    case DW_LNE_end_sequence:
        end_sequence(machine);
        break;
    case DW_LNE_set_address:
        machine->address = qmon__cursor_number(&inside, length - 1 <= 8 ? (unsigned) length - 1 : 9);
        break;
    case DW_LNE_define_file: /* none of the compilers we know has ever used it */
    default:
        break;
    }
}

static void standard(struct machine *machine, uint8_t opcode, struct qmon__cursor *cursor) {
    const struct qmon__line_header *header = machine->header;
    switch (opcode) {
    case DW_LNS_copy:
        emit(machine);
        break;
    case DW_LNS_advance_pc:
        machine->address += qmon__cursor_uleb(cursor) * header->least_instruction;
        break;
    case DW_LNS_advance_line:
        machine->line += (uint32_t) qmon__cursor_sleb(cursor);
        break;
    case DW_LNS_set_file:
        machine->file = qmon__cursor_uleb(cursor);
        break;
    case DW_LNS_set_column:
        machine->column = qmon__cursor_uleb(cursor);
        break;
    case DW_LNS_const_add_pc:
        machine->address += (uint64_t) ((255 - header->opcode_base) / header->line_range) * header->least_instruction;
        break;
    case DW_LNS_fixed_advance_pc:
        machine->address += qmon__cursor_u16(cursor);
        break;
    default: /* flags that we do not keep, and opcodes of the future: their arguments are LEB128 numbers */
        for (uint8_t i = 0; i < header->opcode_lengths[opcode - 1]; i++)
            qmon__cursor_skip_leb(cursor);
        break;
    }
}

static int by_low(const void *left, const void *right) {
    const struct qmon__sequence *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

/* Room for all rows that are to be expected: growing by doubling copies each twice, and each page is touched anew. */
static void expect_rows(struct qmon__lines *lines, size_t program_bytes) {
    const size_t room = program_bytes / BYTES_A_ROW;
    if (lines->rows || room < 1024 || room > ROWS_MAX)
        return;
    lines->rows = malloc(room * sizeof *lines->rows);
    lines->row_room = lines->rows ? room : 0;
}

bool qmon__line_program_run(struct qmon__unit *unit, const struct qmon__line_header *header,
                            struct qmon__budget *budget) {
    struct qmon__lines *lines = &unit->lines;
    struct machine machine = {.lines = lines, .header = header};
    struct qmon__cursor cursor = header->program;
    reset(&machine);
    expect_rows(lines, qmon__cursor_left(&cursor));
    while (cursor.at < cursor.end && !machine.failed && !qmon__budget_tick(budget)) {
        uint8_t opcode = qmon__cursor_u8(&cursor);
        if (opcode >= header->opcode_base) {
            uint8_t adjusted = (uint8_t) (opcode - header->opcode_base);
            machine.address += (uint64_t) (adjusted / header->line_range) * header->least_instruction;
            machine.line += (uint32_t) (header->line_base + adjusted % header->line_range);
            emit(&machine);
        } else if (opcode) {
            standard(&machine, opcode, &cursor);
        } else {
            extended(&machine, &cursor);
        }
    }
    lines->row_count = machine.first; /* a sequence without end is none */
    if (lines->sequence_count)
        qsort(lines->sequences, lines->sequence_count, sizeof *lines->sequences, by_low);
    return !machine.failed && !budget->spent;
}
