/* dwarf_unit.h: what the files of the DWARF decoder share. See dwarf_decode.h for the why. */
#ifndef QMON_PIPELINE_DWARF_UNIT_H
#define QMON_PIPELINE_DWARF_UNIT_H

#include "dwarf_decode.h"

/* The attributes that we look at, of any DIE. */
enum qmon__slot {
    QMON__SLOT_NONE,
    QMON__SLOT_NAME,
    QMON__SLOT_LINKAGE_NAME,
    QMON__SLOT_LOW_PC,
    QMON__SLOT_HIGH_PC,
    QMON__SLOT_RANGES,
    QMON__SLOT_ORIGIN,
    QMON__SLOT_SPECIFICATION,
    QMON__SLOT_CALL_FILE,
    QMON__SLOT_CALL_LINE,
    QMON__SLOT_CALL_COLUMN,
    QMON__SLOT_STMT_LIST,
    QMON__SLOT_COMP_DIR,
    QMON__SLOT_STR_OFFSETS_BASE,
    QMON__SLOT_ADDR_BASE,
    QMON__SLOT_RNGLISTS_BASE,
    QMON__SLOT_GNU_RANGES_BASE,
    QMON__SLOT_DWO_NAME,
    QMON__SLOT_CALL_RETURN_PC,
    QMON__SLOT_CALL_PC,
    QMON__SLOT_TAIL_CALL,
    QMON__SLOT_DWO_ID, /* before DWARF 5, which has it in the unit's header */
    QMON__SLOTS
};

struct qmon__value {
    uint64_t number; /* of DW_FORM_string: the pointer */
    uint16_t form;   /* 0: absent */
};

/* Sizes that forms depend on. */
struct qmon__encoding {
    uint8_t version, address_bytes, offset_bytes;
};

struct qmon__skip {
    uint8_t kind; /* enum qmon__skip_kind */
    uint32_t bytes;
};

struct qmon__abbrev_attribute {
    uint16_t form;
    uint8_t slot;
    struct qmon__skip skip; /* of several, where those that nobody looks at stand together */
    int64_t implicit;
};

struct qmon__abbrev {
    uint64_t code;
    uint32_t first_attribute, attribute_count;
    uint32_t first_skip, skip_count; /* the same DIE, as the shortest way across it */
    uint16_t tag;
    bool children;
    bool has_code;         /* a function, or an inlined one, with addresses */
    uint8_t sibling_bytes; /* its last value says where its children end, in so many bytes; 0: it does not */
};

struct qmon__abbrevs {
    struct qmon__abbrevs *next;
    uint64_t offset;
    struct qmon__encoding encoding;
    bool dense; /* code n stands at n - 1 */
    struct qmon__abbrev *items;
    struct qmon__abbrev_attribute *attributes;
    struct qmon__skip *skips;
    size_t count, attribute_count, skip_count, room, attribute_room, skip_room;
};

struct qmon__range {
    uint64_t low, high;
};

/* One function inlined into another. In the order of the DIEs: what lies inside follows, up to `end`. */
struct qmon__inline {
    uint64_t die;
    uint32_t end;
    uint32_t first_range, range_count;
    uint32_t call_file, call_line, call_column;
};

struct qmon__function {
    uint64_t die;
    uint64_t entry;
    uint32_t first_inline, inline_end; /* once it is expanded */
    bool expanded;
};

struct qmon__function_range {
    uint64_t low, high;
    uint32_t function;
};

struct qmon__row {
    uint64_t address;
    uint32_t line;
    uint32_t file : 20, column : 12;
};

/* A place in a line program from which it can be run on. */
struct qmon__line_mark {
    const unsigned char *at;
    struct qmon__row now;  /* the registers; file and column as rows have them */
    struct qmon__row last; /* the last row of the sequence that counts; line 0: none yet */
    uint64_t low;          /* the address of the first one */
    bool unsorted;         /* a row's address was below that of the one before */
};

struct qmon__sequence {
    uint64_t low, high;
    uint32_t first, count; /* marks */
};

struct qmon__file {
    const char *name, *directory; /* directory NULL: none */
    char *path;                   /* made when it is first wanted */
};

struct qmon__lines {
    struct qmon__file *files;
    size_t file_count, file_room;
    struct qmon__line_program *program; /* NULL: none */
    struct qmon__line_mark *marks;
    size_t mark_count, mark_room;
    struct qmon__sequence *sequences; /* the first `sorted` by low, the rest as they come in the program */
    size_t sequence_count, sequence_room, sorted;
    struct qmon__line_mark here; /* as far as the program has been run */
    uint32_t first_mark;         /* of the sequence that this is in */
    uint8_t seeks;               /* of sequences, past the program */
    bool finished;
};

struct qmon__unit {
    struct qmon__dwarf *dwarf;
    uint64_t offset, end, first_die;
    uint64_t abbrev_offset;
    struct qmon__encoding encoding;
    uint8_t type;
    bool has_root, has_lines, has_functions, has_all_functions, indexed;
    uint8_t seeks; /* of functions; what they found is among `functions` before has_functions is set */
    struct qmon__value root[QMON__SLOTS];
    uint64_t base, line_offset, str_offsets_base, addr_base, rnglists_base, ranges_base;
    const char *name, *directory;
    uint64_t split_id;
    bool split_sought;
    struct qmon__unit *split; /* with the functions, of another file; NULL: they are here */

    struct qmon__abbrevs *abbrevs; /* of the whole unit; NULL until first wanted */
    struct qmon__function *functions;
    size_t function_count, function_room;
    struct qmon__function_range *function_ranges; /* by low, once they are sorted */
    bool sorted;
    uint32_t questions; /* about them, while they are not */
    size_t function_range_count, function_range_room;
    struct qmon__inline *inlines;
    size_t inline_count, inline_room;
    struct qmon__range *ranges; /* of inlines */
    size_t range_count, range_room;
    uint64_t *tops; /* some of the DIEs right below the root, by offset: where a walk may begin */
    size_t top_count, top_room;
    struct qmon__lines lines;
};

struct qmon__unit_range {
    uint64_t low, high;
    uint32_t unit;
};

#define QMON__OVERLAPS_MAX 32u /* how many ranges of units that hold one address are looked at */

struct qmon__made_name {
    uint64_t die;
    char *name;
};

#define QMON__ABBREV_BUCKETS 64

struct qmon__dwarf {
    struct qmon__bytes sections[QMON__DEBUG_SECTIONS];
    struct qmon__dwarf *alternate; /* borrowed */
    struct qmon__unit *units;      /* by offset */
    size_t unit_count, unit_room;
    struct qmon__unit_range *ranges; /* built when first wanted; by low once there were many questions */
    size_t range_count, range_room;
    bool ranges_sorted;
    uint32_t questions;
    struct qmon__unit_range around[QMON__OVERLAPS_MAX]; /* those that hold the address asked for last */
    size_t around_count;
    uint64_t around_address; /* 0: nothing was asked yet */
    uint32_t *rangeless;     /* units that do not say which addresses are theirs */
    size_t rangeless_count, rangeless_room;
    bool ranges_built;
    struct qmon__abbrevs *abbrevs[QMON__ABBREV_BUCKETS];
    qmon__split_open *open_split;
    void *split_context;
    qmon__name_find *find_name;
    void *name_context;
    qmon__extent_find *find_extent;
    void *extent_context;
    struct qmon__made_name *names; /* in no order */
    size_t name_count, name_room;
};

/* Makes room for one more item in an array that grows. False: out of memory, or more than `limit`. */
bool qmon__grow(void **items, size_t *room, size_t count, size_t item_bytes, size_t limit);
#define QMON__GROW(items, room, count, limit) qmon__grow((void **) &(items), &(room), count, sizeof *(items), limit)

/* --- dwarf_abbrev.c */
/* The table at the unit's abbrev_offset, kept by the decoder. NULL: malformed or out of memory. */
struct qmon__abbrevs *qmon__abbrevs_get(struct qmon__unit *unit);
/* Reads into a table of the caller's, only as far as `code`; for a DIE of a unit that may never be looked at again. */
bool qmon__abbrevs_read(struct qmon__abbrevs *table, struct qmon__bytes section, uint64_t offset,
                        struct qmon__encoding encoding, uint64_t until_code);
const struct qmon__abbrev *qmon__abbrev_search(const struct qmon__abbrevs *table, uint64_t code);
static inline const struct qmon__abbrev *qmon__abbrev_find(const struct qmon__abbrevs *table, uint64_t code) {
    if (table->dense)
        return code && code <= table->count ? &table->items[code - 1] : NULL;
    return qmon__abbrev_search(table, code);
}
void qmon__abbrevs_clear(struct qmon__abbrevs *table);
void qmon__die_skip(const struct qmon__abbrevs *table, const struct qmon__abbrev *abbrev, struct qmon__cursor *cursor);

/* --- dwarf_value.c */
enum qmon__skip_kind {
    QMON__SKIP_FIXED,
    QMON__SKIP_LEB,
    QMON__SKIP_BLOCK,
    QMON__SKIP_BLOCK_LEB,
    QMON__SKIP_STRING,
    QMON__SKIP_INDIRECT,
    QMON__SKIP_UNKNOWN
};
/* How to cross a value of this form: BLOCK is a length of `bytes` bytes and what it counts. */
struct qmon__skip qmon__form_skip(uint16_t form, struct qmon__encoding encoding);
void qmon__skip_value(struct qmon__skip skip, struct qmon__encoding encoding, struct qmon__cursor *cursor);
struct qmon__value qmon__value_read(const struct qmon__abbrev_attribute *attribute, struct qmon__encoding encoding,
                                    struct qmon__cursor *cursor);
/* Reads the attributes that have a slot; the cursor stands behind the abbreviation code. */
void qmon__die_read(const struct qmon__abbrevs *table, const struct qmon__abbrev *abbrev,
                    struct qmon__encoding encoding, struct qmon__cursor *cursor,
                    struct qmon__value values[QMON__SLOTS]);
const char *qmon__value_text(const struct qmon__unit *unit, const struct qmon__value *value);
bool qmon__value_address(const struct qmon__unit *unit, const struct qmon__value *value, uint64_t *ret_address);
/* The DIE that a reference means: in this file, or in the supplementary one. */
bool qmon__value_reference(const struct qmon__unit *unit, const struct qmon__value *value,
                           struct qmon__dwarf **ret_dwarf, uint64_t *ret_offset);
bool qmon__address_at(const struct qmon__unit *unit, uint64_t index, uint64_t *ret_address);

/* --- dwarf_unit.c */
/* Reads the unit's root DIE, once. False: malformed. */
bool qmon__unit_root(struct qmon__unit *unit);
struct qmon__unit *qmon__unit_at(struct qmon__dwarf *dwarf, uint64_t die_offset);
/* Gives the units whose ranges hold the address, one by one: *position starts at 0. NULL: no more. */
struct qmon__unit *qmon__unit_next(struct qmon__dwarf *dwarf, uint64_t address, struct qmon__budget *budget,
                                   size_t *position);
/* Where the piece of the unit's code begins that an address is in; 0 unknown. */
uint64_t qmon__unit_piece(const struct qmon__unit *unit, uint64_t address);

/* --- dwarf_split.c */
/* The unit of another file that has this one's functions; NULL: there is none, or not now. */
struct qmon__unit *qmon__unit_split(struct qmon__unit *unit, struct qmon__budget *budget);

/* --- dwarf_ranges.c */
typedef bool qmon__range_visit(void *context, uint64_t low, uint64_t high); /* false: stop */
/* The code that a DIE covers; ranges that the linker threw away are left out. */
void qmon__ranges_visit(struct qmon__unit *unit, const struct qmon__value values[QMON__SLOTS],
                        struct qmon__budget *budget, qmon__range_visit *visit, void *context);

/* --- dwarf_functions.c */
/* A walk over the DIEs of a unit, or of one DIE and its children, in their order. After qmon__dies_next() the cursor stands
 * at the DIE's values: read or skip them, then call qmon__dies_enter(). */
struct qmon__dies {
    struct qmon__cursor cursor;
    const unsigned char *info;
    const struct qmon__abbrevs *table;
    uint64_t die;
    uint32_t depth; /* of this DIE; the first has 0 */
    bool begun;
};
/* False: malformed or out of memory. */
bool qmon__dies_begin(struct qmon__dies *dies, struct qmon__unit *unit, uint64_t first_die);
static inline const struct qmon__abbrev *qmon__dies_next(struct qmon__dies *dies) {
    while (dies->cursor.at < dies->cursor.end && !(dies->begun && !dies->depth)) {
        dies->die = (uint64_t) (dies->cursor.at - dies->info);
        dies->begun = true;
        uint64_t code = *dies->cursor.at < 0x80 ? *dies->cursor.at++ : qmon__cursor_uleb(&dies->cursor);
        if (code)
            return qmon__abbrev_find(dies->table, code);
        dies->depth--;
    }
    return NULL;
}
static inline void qmon__dies_enter(struct qmon__dies *dies, const struct qmon__abbrev *abbrev) {
    dies->depth += abbrev->children;
}
/* Where the children of the DIE end whose values the cursor stands behind, as an offset that lies ahead; 0 unknown. */
uint64_t qmon__dies_sibling(const struct qmon__dies *dies, const struct qmon__unit *unit,
                            const struct qmon__abbrev *abbrev);
void qmon__dies_jump(struct qmon__dies *dies, uint64_t die);

/* Finds the unit's functions. Not `all`: without those inside of functions and types, where these can be jumped over.
 * False: the budget is spent, or out of memory; nothing has changed. */
bool qmon__functions_read(struct qmon__unit *unit, bool all, struct qmon__budget *budget);
/* Adds the function that a DIE is to those that are known. False: it has no code, or out of memory. */
bool qmon__function_add(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget);
/* The function with code at the address: an index, or SIZE_MAX. */
size_t qmon__function_find(struct qmon__unit *unit, uint64_t address, uint64_t *ret_range_low);

/* --- dwarf_seek.c */
/* Finds the function at an address without reading the unit, and adds it. False: it is not certain which it is. */
bool qmon__function_seek(struct qmon__unit *unit, uint64_t address, struct qmon__budget *budget);

/* --- dwarf_inlines.c */
/* Finds what was inlined into a function, once. */
bool qmon__function_expand(struct qmon__unit *unit, struct qmon__function *function, struct qmon__budget *budget);
/* The inlines around an address, from outside inwards. */
size_t qmon__inline_chain(const struct qmon__unit *unit, const struct qmon__function *function, uint64_t address,
                          struct qmon__budget *budget, const struct qmon__inline **chain, size_t room);

/* --- dwarf_name.c */
/* The linker's name of a function, or else its own with the namespaces and types around it, and *ret_linkage false. */
const char *qmon__function_name(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget, bool *ret_linkage);

/* What a DIE says that it was made of, in the same unit or file: an offset; 0 nothing. */
uint64_t qmon__die_origin(struct qmon__unit *unit, uint64_t die);

/* --- dwarf_find.c */
/* The unit and DIE of the function at an address, not counting what is inlined into it. NULL: none is known. */
struct qmon__unit *qmon__dwarf_function_at(struct qmon__dwarf *dwarf, uint64_t address, struct qmon__budget *budget,
                                           uint64_t *ret_die);

/* --- dwarf_line.c */
/* Reads the head of the unit's line table. False: the budget is spent; what was read is thrown away. */
bool qmon__lines_read(struct qmon__unit *unit, struct qmon__budget *budget);
void qmon__lines_clear(struct qmon__lines *lines);
/* The path of a file of the unit's table, by its number there; NULL unknown. */
const char *qmon__line_path(struct qmon__unit *unit, uint64_t file);

/* --- dwarf_line_find.c */
/* The row that tells an address, which is in a piece of code that begins at `low` (0 unknown); false: none, or the budget is
 * spent. */
bool qmon__line_find(struct qmon__lines *lines, uint64_t low, uint64_t address, struct qmon__budget *budget,
                     struct qmon__row *ret_row);

/* --- dwarf_line_seek.c */
/* The same where only the rows of that piece are looked at. False: it is not certain. */
bool qmon__line_seek(struct qmon__lines *lines, uint64_t low, uint64_t address, struct qmon__budget *budget,
                     struct qmon__row *ret_row);

/* --- dwarf_line_program.c */
struct qmon__line_header {
    uint8_t version, address_bytes, offset_bytes;
    uint8_t least_instruction, line_range, opcode_base;
    int8_t line_base;
    const unsigned char *opcode_lengths; /* [opcode_base - 1] */
    struct qmon__cursor program;
};
/* A program ready to be run; free() frees it. NULL: out of memory. */
struct qmon__line_program *qmon__line_program_new(const struct qmon__line_header *header);
struct qmon__bytes qmon__line_program_bytes(const struct qmon__line_program *program);
/* Where it begins, with the registers as they are at the start of every sequence. */
struct qmon__line_mark qmon__line_program_start(const struct qmon__line_program *program);
enum qmon__line_stop {
    QMON__LINE_STEPS,    /* so many steps were made */
    QMON__LINE_PAST,     /* before a row whose address is above the limit */
    QMON__LINE_SEQUENCE, /* behind a sequence; the registers are those of its end */
    QMON__LINE_END       /* of the program */
};
/* Runs on from a mark, which moves with it: up to *steps steps, of which those not made are left there, and not over a row whose
 * address is above `limit`. */
enum qmon__line_stop qmon__line_program_run(const struct qmon__line_program *program, struct qmon__line_mark *mark,
                                            uint64_t limit, uint32_t *steps);

#endif
