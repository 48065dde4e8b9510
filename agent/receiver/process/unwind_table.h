/*
 * unwind_table.h: where a process keeps the table that its code is unwound by, found in its memory alone. libunwind looks for
 * the module's file instead, which may be deleted or in a place that we do not see, and it misreads files in which a
 * segment does not begin at a page, as lld lays them out: it then says that there is no table.
 */
#ifndef QMON_RECEIVER_UNWIND_TABLE_H
#define QMON_RECEIVER_UNWIND_TABLE_H

#include "process_memory.h"

struct qmon__unwind_table {
    uint64_t code_start, code_end; /* of the segment that holds the address */
    uint64_t header;               /* .eh_frame_hdr, which entries are relative to */
    uint64_t entries, count;       /* of the sorted table: two 32-bit numbers each; count 0: there is none */
};

/* False: the address is in no ELF module's code. What the process says of itself is checked, not believed. */
bool qmon__unwind_table_find(struct qmon__memory *memory, uint64_t address, struct qmon__unwind_table *ret_table);

#endif
