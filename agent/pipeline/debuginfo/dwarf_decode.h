/*
 * dwarf_decode.h: from an address of an ELF file to functions, inlined ones included, and source lines. DWARF 2 to 5, 32 and 64
 * bit formats, and supplementary files.
 *
 * WHY NOT libdw. Measured on 3.3 MB of .debug_info: libdw takes 0.3 us for every DIE and 0.22 us for every line row, 95 ms
 * for the whole, and gives up nothing it has not been asked for twice. This decoder reads each unit that is touched once,
 * front to back, keeps only ranges, inlines and rows, and is bounded by construction: no recursion, every read inside its
 * section, every loop under a budget. Containers (ELF, compressed sections) are left to libelf.
 *
 * Everything that comes out is borrowed from the decoder and the sections, and lives as long as both. One thread at a time.
 */
#ifndef QMON_PIPELINE_DWARF_DECODE_H
#define QMON_PIPELINE_DWARF_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "budget.h"
#include "dwarf_cursor.h"

enum qmon__section {
    QMON__DEBUG_INFO,
    QMON__DEBUG_ABBREV,
    QMON__DEBUG_STR,
    QMON__DEBUG_LINE,
    QMON__DEBUG_LINE_STR,
    QMON__DEBUG_STR_OFFSETS,
    QMON__DEBUG_ADDR,
    QMON__DEBUG_RANGES,
    QMON__DEBUG_RNGLISTS,
    QMON__DEBUG_SECTIONS
};

#define QMON__PLACES_MAX 64

struct qmon__place {
    const char *function;  /* as in the object file (mangled, where the language mangles); NULL unknown */
    bool linkage;          /* it is the name the linker sees; else one put together from the names in the source */
    const char *file;      /* NULL unknown */
    uint32_t line, column; /* 0 unknown */
    uint64_t entry;        /* where the function that is not inlined begins */
};

struct qmon__dwarf;
/* alternate: the supplementary file that dwz made; borrowed; may be NULL. NULL: out of memory or no units. */
struct qmon__dwarf *qmon__dwarf_new(const struct qmon__bytes sections[QMON__DEBUG_SECTIONS],
                                    struct qmon__dwarf *alternate);
void qmon__dwarf_free(struct qmon__dwarf *dwarf);

/* Split DWARF: the functions of a unit are in another file, which `open` finds. What it returns is borrowed, and lives as long
 * as the decoder; NULL: it is not there. */
struct qmon__split_wanted {
    const char *name, *directory; /* directory NULL: unknown */
    uint64_t id;
    unsigned version; /* of DWARF */
};
typedef struct qmon__dwarf *qmon__split_open(void *context, const struct qmon__split_wanted *wanted,
                                             struct qmon__budget *budget);
void qmon__dwarf_set_splits(struct qmon__dwarf *dwarf, qmon__split_open *open, void *context);

/* Where a function is that other units only declare: by the name that the linker knows it by. False: unknown. */
typedef bool qmon__name_find(void *context, const char *name, struct qmon__budget *budget, uint64_t *ret_address);
void qmon__dwarf_set_names(struct qmon__dwarf *dwarf, qmon__name_find *find, void *context);

/* Where the code of the function at an address begins and ends, or of the part of it that is there. False: unknown. */
typedef bool qmon__extent_find(void *context, uint64_t address, uint64_t *ret_low, uint64_t *ret_high);
void qmon__dwarf_set_extents(struct qmon__dwarf *dwarf, qmon__extent_find *find, void *context);

/* Fills places with the functions at this address, innermost inlined one first, and returns how many: 0 when nothing is
 * known. The last is the function that really is there; its name may be unknown where its line is not. */
size_t qmon__dwarf_find(struct qmon__dwarf *dwarf, uint64_t address, struct qmon__budget *budget,
                        struct qmon__place places[QMON__PLACES_MAX]);

/* The functions between the caller of a call that returns to an address and the function at the address `inside`, which it did
 * not call itself: each ended in a call of the next. Gives the address behind each of these calls, innermost function
 * first, and returns how many; 0: there are none, or it is not certain which. */
#define QMON__TAIL_CALLS_MAX 4
size_t qmon__dwarf_tail_calls(struct qmon__dwarf *dwarf, uint64_t returns_to, uint64_t inside,
                              struct qmon__budget *budget, uint64_t ret_returns[QMON__TAIL_CALLS_MAX]);
/* The same where the caller is of another file, and called the function that begins at `called`. */
size_t qmon__dwarf_tail_calls_from(struct qmon__dwarf *dwarf, uint64_t called, uint64_t inside,
                                   struct qmon__budget *budget, uint64_t ret_returns[QMON__TAIL_CALLS_MAX]);
/* Is this the name that the linker knows the function at the address `entry` by? */
bool qmon__dwarf_is_called(struct qmon__dwarf *dwarf, uint64_t entry, const char *name, struct qmon__budget *budget);

#endif
