/* mapped.h: what this very process has mapped, be it an emulator of another one. */
#ifndef QMON_CAPTURE_MAPPED_H
#define QMON_CAPTURE_MAPPED_H

#include <stdbool.h>

/* Is a file of this path mapped, which is shorter than QMON_RECORD_PATH_BYTES? Yes where that cannot be known.
 * SIGNAL SAFETY: async-signal-safe. */
bool qmon__is_mapped_here(const char *path);

#endif
