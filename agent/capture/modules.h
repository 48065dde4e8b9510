/*
 * modules.h: what is mapped, read from the kernel and not from the loader, whose locks may be held.
 *
 * qmon__modules_scan() fills the record's module list and the agent's own table of images, which the unwinder uses in place
 * of dl_iterate_phdr. Called by the one thread that crashes, and not again. SIGNAL SAFETY: async-signal-safe; reads that may
 * fault are guarded.
 */
#ifndef QMON_CAPTURE_MODULES_H
#define QMON_CAPTURE_MODULES_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/record.h>

struct qmon__image {
    uintptr_t start, end; /* of all its mappings */
    uintptr_t bias;       /* what the loader added to its addresses */
    const ElfW(Phdr) * headers;
    uint16_t header_count;
    uint32_t path; /* offset in the record's paths */
};

struct qmon__mapping {
    uintptr_t start, end;
    bool readable, writable, executable;
};

struct qmon__scan {
    uintptr_t stack_pointer, program_counter; /* asked for: */
    struct qmon__mapping stack;               /* the mapping that holds the stack pointer, or the next one above */
    bool executable;                          /* the program counter lies in memory that can be executed */
    bool complete;                            /* the kernel's list could be read to its end */
};

void qmon__modules_scan(struct qmon_record_modules *modules, struct qmon__scan *scan);

/* Is this address in memory that can be executed, of a file or not? */
bool qmon__is_code(uintptr_t address);

/* The image an address belongs to; NULL none. */
const struct qmon__image *qmon__image_of(uintptr_t address);
size_t qmon__image_count(void);
const struct qmon__image *qmon__image_at(size_t index);
const char *qmon__image_path(const struct qmon__image *image);

/* The address of a defined symbol of an image's dynamic symbol table, by the GNU hash; 0 when it is not there. A name
 * with several versions gives the default one. */
uintptr_t qmon__symbol_in(const struct qmon__image *image, const char *name, size_t *ret_bytes);
/* The same of an object that the loader has loaded, and that stays where it is; not guarded. *ret_unsure: only the loader can tell, by
 * tables of another kind, or by a call (IFUNC). */
uintptr_t qmon__symbol_of(const struct link_map *object, const char *name, bool *ret_unsure);
/* The same over all images whose file name starts with `prefix` ("" all). */
uintptr_t qmon__symbol(const char *prefix, const char *name, size_t *ret_bytes);

#endif
