#include "entries.h"

#include <stdint.h>

#include "sys.h"

struct entry { /* of getdents64(2) */
    uint64_t inode;
    int64_t offset;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

void qmon__each_entry(int directory, unsigned rounds, void (*see)(const char *name, void *argument), void *argument) {
    _Alignas(struct entry) char entries[QMON__ENTRIES_BYTES];
    while (rounds-- > 0) {
        const long bytes = qmon__sys_3(SYS_getdents64, directory, entries, sizeof entries);
        if (bytes <= 0)
            return;
        for (const char *at = entries; at < entries + bytes;) {
            const struct entry *const entry = (const struct entry *) (const void *) at;
            see(entry->name, argument);
            at += entry->bytes;
        }
    }
}
