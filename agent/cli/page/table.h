/*
 * table.h: rows in columns that fit the terminal. Rows are collected, then printed at once; columns that may shrink give
 * way, widest first, where the terminal is too narrow.
 */
#ifndef QMON_CLI_TABLE_H
#define QMON_CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "terminal.h"

#define QMON_TABLE_COLUMNS 12u

struct qmon__cli_column {
    const char *title;
    bool right;     /* aligned to the right */
    unsigned least; /* may shrink to this many columns; 0 never shrinks */
};

struct qmon__cli_table;

/* `columns` is borrowed and must outlive the table. NULL: out of memory. */
struct qmon__cli_table *qmon__cli_table_new(const struct qmon__cli_column *columns, unsigned count);

/* Copies the texts, one for each column; NULL is empty. looks may be NULL. Returns 0 or -ENOMEM. */
int qmon__cli_table_add(struct qmon__cli_table *table, const char *const *texts, const enum qmon__cli_role *looks);

void qmon__cli_table_print(const struct qmon__cli_table *table, FILE *out, const struct qmon__cli_style *style);
void qmon__cli_table_free(struct qmon__cli_table *table); /* NULL is fine */

#endif
