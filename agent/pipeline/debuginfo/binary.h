/* binary.h: a module's file and all that is known of its addresses, read when it is first needed and kept. */
#ifndef QMON_PIPELINE_BINARY_H
#define QMON_PIPELINE_BINARY_H

#include <qmon/event.h>

#include "budget.h"
#include "dwarf_decode.h"
#include "elf_file.h"
#include "elf_symbols.h"
#include "map.h"

struct qmon__lookup_place {
    const char *function, *file; /* NULL unknown */
    uint32_t line, column;
    enum qmon_frame_role role;
    const char *event_function, *event_file; /* the same in the memory of the event of this run */
};

/* What is at an address. */
struct qmon__lookup {
    uint64_t entry;    /* of the function, 0 unknown */
    uint64_t run;      /* in which event_function and event_file were set */
    size_t count;      /* 0: nothing known */
    bool tails_sought; /* tail_* is set: of calls that came to be in the function tail_entry */
    uint64_t tail_entry, tails[QMON__TAIL_CALLS_MAX];
    size_t tail_count;
    struct qmon__lookup_place places[]; /* innermost inlined one first */
};

/* Tells whether a path still names the file that it named: for modules without a build id. */
struct qmon__file_identity {
    uint64_t device, inode, bytes, changed_ns; /* all 0: there is none */
};

/* Fills in what is at the path now. */
void qmon__identify_file(const char *path, struct qmon__file_identity *ret_identity);
bool qmon__same_file(const struct qmon__file_identity *one, const struct qmon__file_identity *other);

struct qmon__binary {
    struct qmon__binary *next;
    char *path;                                /* as in the event */
    char wanted_build_id[QMON__BUILD_ID_TEXT]; /* "" not known */
    uint64_t run;                              /* in which it was last used */
    struct qmon__file_identity identity;       /* of the file at the path when it was opened */
    const char *problem;                       /* static: why there is no file; NULL there is one */
    struct qmon__elf *elf, *debug, *alternate, *mini;
    struct qmon__dwarf *dwarf, *alternate_dwarf;
    struct qmon__split *splits; /* binary_split.c */
    size_t split_count;
    struct qmon__elf *package;
    bool package_sought;
    const char *missing_split; /* the name of one that is not there; borrowed from the debug information */
    struct qmon__symbols *symbols;
    bool debug_sought, dwarf_tried;
    bool thorough;              /* debug information of the C library is read, too */
    bool debug_too_large;       /* compressed debug information that the time was too short for */
    const char *unreadable;     /* why debug information that is there was not read (elf_file.h) */
    char debug_path[4200];      /* where `debug` was found */
    char *prefix;               /* where debug files are looked for */
    struct qmon__map lookups;   /* by address */
    struct qmon__map stubs;     /* names of calls into other libraries, by the stub's address */
    struct qmon__map crossings; /* binary_tails.c */
    struct qmon__map names;     /* readable ones, by the address of those in the file */
};

/* Where the module of an event may be found. */
struct qmon__module_source {
    const char *path, *build_id; /* build_id NULL or "": not known */
    uint64_t start, end;         /* the mapping */
    bool is_executable;          /* the program itself */
    uint32_t live_pid;           /* 0: gone */
};

/* Never NULL but for memory; without a file `problem` is set. */
struct qmon__binary *qmon__binary_open(const struct qmon__module_source *source);
void qmon__binary_close(struct qmon__binary *binary);

/* What is at an address of the file. NULL: the budget is spent, or out of memory. */
struct qmon__lookup *qmon__binary_lookup(struct qmon__binary *binary, uint64_t address, struct qmon__budget *budget);

/* The functions between the caller, which an address before `returns_to` was looked up for, and a function that begins at
 * `entry` (dwarf_decode.h): sets caller->tails. */
void qmon__binary_find_tails(struct qmon__binary *binary, struct qmon__lookup *caller, uint64_t returns_to,
                             uint64_t entry, struct qmon__budget *budget);

struct qmon__tails {
    size_t count;
    uint64_t returns[QMON__TAIL_CALLS_MAX];
};
/* The same where the caller is of another file: what it called is seen by its code. */
struct qmon__tails qmon__binary_find_tails_across(struct qmon__binary *caller, uint64_t returns_to,
                                                  struct qmon__binary *callee, uint64_t entry,
                                                  struct qmon__budget *budget);

/* What the sections of debug information are called, outside split files. */
extern const char *const qmon__debug_names[QMON__DEBUG_SECTIONS];

/* Where the function at an address begins and ends (dwarf_decode.h); the context is a binary. */
bool qmon__binary_extent(void *context, uint64_t address, uint64_t *ret_low, uint64_t *ret_high);

/* All of its symbol tables, read when they are first needed. NULL: out of time or memory. */
struct qmon__symbols *qmon__binary_symbols(struct qmon__binary *binary, struct qmon__budget *budget);

#endif
