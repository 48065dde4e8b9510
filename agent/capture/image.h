/*
 * image.h: programs that the agent cannot be loaded into, seen before they are started.
 *
 * A 64-bit library in LD_PRELOAD makes the loader of a 32-bit program, or of one for another machine that an emulator runs, say
 * on stderr that it is ignored: a line that the program's parent, or a user, would not have got. So such a program is started
 * without our library in its environment. What it starts in its turn is not watched then.
 *
 * SIGNAL SAFETY: everything here is async-signal-safe and works in a child of vfork.
 */
#ifndef QMON_CAPTURE_IMAGE_H
#define QMON_CAPTURE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes of memory an environment without our library needs, with which `path` is to be started (relative to `directory`;
 * empty: it is that descriptor). 0: it is started with `environment` as it is. A script is what its interpreter is. Pointers may be
 * wild: the kernel will say so. */
size_t qmon__image_stripped_bytes(int directory, const char *path, char *const environment[]);
/* Makes that environment in so many bytes of memory, and returns it. Its words are borrowed from `environment`. */
char *const *qmon__image_strip(char *const environment[], void *memory, size_t bytes);

/* The file that a search along PATH finds, as posix_spawnp and execvp search. False: none. */
bool qmon__image_find(const char *file, const char *search, char *ret_path, size_t bytes);

#endif
