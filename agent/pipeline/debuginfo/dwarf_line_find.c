/*
 * dwarf_line_find.c: from an address to its row of a unit's line table. The program is run as far as the addresses that are asked
 * for need, once, and leaves marks; from the mark before an address a few hundred steps lead to its row.
 *
 * WHY NOT ALL ROWS. Nearly all are of no interest, and memory that is touched for the first time costs more than reading
 * it: of 16 frames in 14 units of 4 MB, rows took two fifths of the time.
 */
#include <stdlib.h>

#include "dwarf_unit.h"

#define MARKS_MAX 32000000u
#define SEQUENCES_MAX 8000000u
#define STEPS_A_MARK 512u
#define OVERLAPS_MAX 16u
#define UNSORTED_MAX 64u /* sequences looked through one by one */

static int by_low(const void *left, const void *right) {
    const struct qmon__sequence *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return (a->first < b->first) - (a->first > b->first); /* of two for the same code the first is found */
}

static bool covers(const struct qmon__sequence *sequence, uint64_t address) {
    return sequence->low <= address && address < sequence->high;
}

/* Of the sequences from *position on, which moves on, and of the one that is not finished. */
static bool find_new(const struct qmon__lines *lines, uint64_t address, size_t *position,
                     struct qmon__sequence *ret_sequence) {
    while (*position < lines->sequence_count) {
        *ret_sequence = lines->sequences[(*position)++];
        if (covers(ret_sequence, address))
            return true;
    }
    const struct qmon__line_mark *here = &lines->here;
    if (lines->finished || here->unsorted || !here->low)
        return false;
    *ret_sequence = (struct qmon__sequence){.low = here->low,
                                            .high = here->last.address,
                                            .first = lines->first_mark,
                                            .count = (uint32_t) lines->mark_count - lines->first_mark};
    return covers(ret_sequence, address);
}

static bool find_sorted(const struct qmon__lines *lines, uint64_t address, struct qmon__sequence *ret_sequence) {
    size_t low = 0, high = lines->sorted;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->sequences[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 1; back <= OVERLAPS_MAX && back <= low; back++)
        if (covers(&lines->sequences[low - back], address)) {
            *ret_sequence = lines->sequences[low - back];
            return true;
        }
    return false;
}

/* Done as often as the number of sequences doubles, or there are no more. */
static void sort(struct qmon__lines *lines) {
    size_t fresh = lines->sequence_count - lines->sorted;
    if (fresh <= UNSORTED_MAX || (fresh < lines->sorted && !lines->finished))
        return;
    qsort(lines->sequences, lines->sequence_count, sizeof *lines->sequences, by_low);
    lines->sorted = lines->sequence_count;
}

static bool end_sequence(struct qmon__lines *lines) {
    const struct qmon__line_mark end = lines->here;
    if (!end.low || end.unsorted || end.now.address <= end.low) {
        lines->mark_count = lines->first_mark; /* thrown away by the linker, or nonsense */
    } else {
        if (!QMON__GROW(lines->sequences, lines->sequence_room, lines->sequence_count, SEQUENCES_MAX))
            return false;
        lines->sequences[lines->sequence_count++] =
            (struct qmon__sequence){.low = end.low,
                                    .high = end.now.address,
                                    .first = lines->first_mark,
                                    .count = (uint32_t) lines->mark_count - lines->first_mark};
    }
    lines->here = qmon__line_program_start(lines->program);
    lines->here.at = end.at;
    lines->first_mark = (uint32_t) lines->mark_count;
    return true;
}

/* Runs on to the next mark or the end of the sequence. */
static void run_on(struct qmon__lines *lines, struct qmon__budget *budget) {
    uint32_t steps = STEPS_A_MARK;
    if (!lines->here.at)
        lines->here = qmon__line_program_start(lines->program);
    if (!QMON__GROW(lines->marks, lines->mark_room, lines->mark_count, MARKS_MAX)) {
        lines->finished = true;
        return;
    }
    if (!lines->here.unsorted)
        lines->marks[lines->mark_count++] = lines->here;
    enum qmon__line_stop stop = qmon__line_program_run(lines->program, &lines->here, UINT64_MAX, &steps);
    if (stop == QMON__LINE_END || (stop == QMON__LINE_SEQUENCE && !end_sequence(lines)))
        lines->finished = true; /* a sequence without end is none */
    qmon__budget_ticks(budget, STEPS_A_MARK - steps);
}

/* From the last mark at or before the address to the row before the first one behind it. */
static bool find_row(const struct qmon__lines *lines, const struct qmon__sequence *sequence, uint64_t address,
                     struct qmon__budget *budget, struct qmon__row *ret_row) {
    const struct qmon__line_mark *marks = lines->marks + sequence->first;
    size_t low = 1, high = sequence->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (marks[middle].now.address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    struct qmon__line_mark mark = marks[low - 1];
    enum qmon__line_stop stop = QMON__LINE_STEPS;
    while (stop == QMON__LINE_STEPS && !budget->spent) {
        uint32_t steps = STEPS_A_MARK;
        stop = qmon__line_program_run(lines->program, &mark, address, &steps);
        qmon__budget_ticks(budget, STEPS_A_MARK - steps);
    }
    *ret_row = mark.last;
    return mark.last.line && !budget->spent;
}

bool qmon__line_find(struct qmon__lines *lines, uint64_t low, uint64_t address, struct qmon__budget *budget,
                     struct qmon__row *ret_row) {
    struct qmon__sequence sequence;
    size_t looked_at = lines->sorted;
    bool found = find_sorted(lines, address, &sequence) || find_new(lines, address, &looked_at, &sequence);
    if (!found && !lines->finished && qmon__line_seek(lines, low, address, budget, ret_row))
        return true;
    while (!found && lines->program && !lines->finished && !budget->spent) {
        run_on(lines, budget);
        found = find_new(lines, address, &looked_at, &sequence);
    }
    sort(lines);
    return found && find_row(lines, &sequence, address, budget, ret_row);
}
