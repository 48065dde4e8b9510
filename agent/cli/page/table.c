#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2u
#define CELL_BYTES 1024u

struct cell {
    char *text;
    unsigned width;
    enum qmon__cli_role look;
};

struct qmon__cli_table {
    const struct qmon__cli_column *columns;
    unsigned count;
    struct cell *cells; /* rows * count */
    size_t rows, room;  /* in rows */
};

struct qmon__cli_table *qmon__cli_table_new(const struct qmon__cli_column *columns, unsigned count) {
    struct qmon__cli_table *table;

    if (count == 0 || count > QMON_TABLE_COLUMNS)
        return NULL;
    table = calloc(1, sizeof *table);
    if (table) {
        table->columns = columns;
        table->count = count;
    }
    return table;
}

static int make_room(struct qmon__cli_table *table) {
    size_t room = table->room ? table->room * 2 : 16;
    struct cell *cells;

    if (table->rows < table->room)
        return 0;
    cells = reallocarray(table->cells, room * table->count, sizeof *cells);
    if (!cells)
        return -ENOMEM;
    table->cells = cells;
    table->room = room;
    return 0;
}

int qmon__cli_table_add(struct qmon__cli_table *table, const char *const *texts, const enum qmon__cli_role *looks) {
    struct cell *row;

    if (make_room(table) < 0)
        return -ENOMEM;
    row = table->cells + table->rows * table->count;
    for (unsigned i = 0; i < table->count; i++) {
        row[i].text = strndup(texts[i] ? texts[i] : "", CELL_BYTES - 8);
        if (!row[i].text) {
            while (i-- > 0)
                free(row[i].text);
            return -ENOMEM;
        }
        row[i].width = qmon__cli_width(row[i].text);
        row[i].look = looks ? looks[i] : QMON_LOOK_PLAIN;
    }
    table->rows++;
    return 0;
}

static void natural_widths(const struct qmon__cli_table *table, unsigned *widths) {
    for (unsigned i = 0; i < table->count; i++) {
        widths[i] = qmon__cli_width(table->columns[i].title);
        for (size_t row = 0; row < table->rows; row++)
            if (table->cells[row * table->count + i].width > widths[i])
                widths[i] = table->cells[row * table->count + i].width;
    }
}

/* Takes columns from the widest that may give, one at a time, until the row fits or none can give. */
static void shrink(const struct qmon__cli_table *table, unsigned limit, unsigned *widths) {
    unsigned total = (table->count - 1) * GAP;

    for (unsigned i = 0; i < table->count; i++)
        total += widths[i];
    while (total > limit) {
        unsigned widest = table->count;
        for (unsigned i = 0; i < table->count; i++) {
            unsigned least = table->columns[i].least;
            if (least && widths[i] > least && (widest == table->count || widths[i] > widths[widest]))
                widest = i;
        }
        if (widest == table->count)
            return;
        widths[widest]--;
        total--;
    }
}

static void print_cell(FILE *out, const struct qmon__cli_style *style, const struct qmon__cli_column *column,
                       unsigned width, bool last, const char *text, enum qmon__cli_role look) {
    char fitted[CELL_BYTES];
    unsigned taken = qmon__cli_fit(style, text, width, fitted, sizeof fitted);
    unsigned blanks = width > taken ? width - taken : 0;

    if (column->right)
        fprintf(out, "%*s", (int) blanks, "");
    qmon__cli_put(out, style, look, fitted);
    if (!last)
        fprintf(out, "%*s", (int) (column->right ? GAP : blanks + GAP), "");
}

void qmon__cli_table_print(const struct qmon__cli_table *table, FILE *out, const struct qmon__cli_style *style) {
    unsigned widths[QMON_TABLE_COLUMNS];

    natural_widths(table, widths);
    if (style->columns)
        shrink(table, style->columns, widths);
    for (unsigned i = 0; i < table->count; i++)
        print_cell(out, style, &table->columns[i], widths[i], i + 1 == table->count, table->columns[i].title,
                   QMON_LOOK_FAINT);
    putc('\n', out);
    for (size_t row = 0; row < table->rows; row++) {
        const struct cell *cells = table->cells + row * table->count;
        for (unsigned i = 0; i < table->count; i++)
            print_cell(out, style, &table->columns[i], widths[i], i + 1 == table->count, cells[i].text, cells[i].look);
        putc('\n', out);
    }
}

void qmon__cli_table_free(struct qmon__cli_table *table) {
    if (!table)
        return;
    for (size_t i = 0; i < table->rows * table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}
