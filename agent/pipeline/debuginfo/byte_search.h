/* byte_search.h: a few bytes in many. */
#ifndef QMON_PIPELINE_BYTE_SEARCH_H
#define QMON_PIPELINE_BYTE_SEARCH_H

#include "dwarf_cursor.h"

#define QMON__NEEDLE_BYTES_MAX 32u

struct qmon__needle {
    unsigned char bytes[QMON__NEEDLE_BYTES_MAX];
    size_t count;
};

/* The first place at or behind the offset `from`: an offset; SIZE_MAX: there is none. As memmem(), five times as fast for bytes
 * of which two are rare. */
size_t qmon__bytes_find(struct qmon__bytes in, size_t from, const struct qmon__needle *needle);

#endif
