/*
 * dwarf_line_seek.c: the row of an address without running the line program from its beginning. Code that lies in one piece has
 * rows that lie in one piece (a sequence), which set out by naming the address where it begins. The unit says which pieces
 * it has, so that the bytes that name this one are known, and can be searched for. They count if they are there once, and if
 * the program, run from the end of the sequence before, comes to just this place without a row in between.
 *
 * WHY. C++ has a sequence for every inline function and template: of 7 MB of line programs in 14 units, 1 in 1,000 is needed.
 */
#include <dwarf.h>

#include "byte_search.h"
#include "dwarf_unit.h"

#define SEEKS_MAX 8u         /* in one unit: then the program is run */
#define BEFORE_BYTES_MAX 64u /* what a sequence may set before its address: file, column, flags */
#define STEPS 4096u

static const unsigned char ends[] = {0, 1, DW_LNE_end_sequence};

/* Where the sequence begins that names its address at the offset `named`; SIZE_MAX unknown. */
static size_t find_start(struct qmon__bytes program, size_t named) {
    for (size_t back = 0; back <= BEFORE_BYTES_MAX && back <= named; back++) {
        const size_t at = named - back;
        if (!at || (at >= sizeof ends && !memcmp(program.at + at - sizeof ends, ends, sizeof ends)))
            return at;
    }
    return SIZE_MAX;
}

static bool find_sequence(const struct qmon__line_program *program, uint64_t low, struct qmon__line_mark *ret_mark) {
    const struct qmon__bytes bytes = qmon__line_program_bytes(program);
    struct qmon__needle name = {.bytes = {0, 1 + sizeof low, DW_LNE_set_address}, .count = 3 + sizeof low};
    struct qmon__line_mark mark = qmon__line_program_start(program);
    memcpy(name.bytes + 3, &low, sizeof low);
    const size_t named = qmon__bytes_find(bytes, 0, &name);
    if (named == SIZE_MAX || qmon__bytes_find(bytes, named + 1, &name) != SIZE_MAX)
        return false;
    const size_t start = find_start(bytes, named);
    if (start == SIZE_MAX)
        return false;
    mark.at = bytes.at + start;
    while (mark.at < bytes.at + named) {
        uint32_t one = 1;
        if (qmon__line_program_run(program, &mark, UINT64_MAX, &one) != QMON__LINE_STEPS || mark.last.line)
            return false;
    }
    *ret_mark = mark;
    return mark.at == bytes.at + named;
}

bool qmon__line_seek(struct qmon__lines *lines, uint64_t low, uint64_t address, struct qmon__budget *budget,
                     struct qmon__row *ret_row) {
    struct qmon__line_mark mark;
    enum qmon__line_stop stop = QMON__LINE_STEPS;
    if (!lines->program || !low || lines->seeks >= SEEKS_MAX)
        return false;
    lines->seeks++;
    if (!find_sequence(lines->program, low, &mark))
        return false;
    while (stop == QMON__LINE_STEPS && !budget->spent) {
        uint32_t steps = STEPS;
        stop = qmon__line_program_run(lines->program, &mark, address, &steps);
        qmon__budget_ticks(budget, STEPS - steps);
    }
    if (stop != QMON__LINE_PAST && (stop != QMON__LINE_SEQUENCE || mark.now.address <= address))
        return false;
    *ret_row = mark.last;
    return mark.last.line && mark.low <= address && !mark.unsorted && !budget->spent;
}
