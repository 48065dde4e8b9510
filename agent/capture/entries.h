/* entries.h: the names in a directory, as the kernel gives them, for libc's readdir() allocates. */
#ifndef QMON_CAPTURE_ENTRIES_H
#define QMON_CAPTURE_ENTRIES_H

#define QMON__ENTRIES_BYTES 4096u /* of them at a time, on the stack */

/* Calls see() with each name in the open directory, until it has been read `rounds` times or to its end.
 * SIGNAL SAFETY: async-signal-safe if see() is. */
void qmon__each_entry(int directory, unsigned rounds, void (*see)(const char *name, void *argument), void *argument);

#endif
