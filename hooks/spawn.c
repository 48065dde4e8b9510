/*
 * posix_spawn: the child execs inside libc, unseen by us; it is marked as ours once its number is known. system() and popen() use
 * it inside libc; what matters there is that their children start with the mask that the program believes.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <agent.h>
#include <dispositions.h>
#include <guard.h>
#include <image.h>
#include <mask.h>
#include <signals.h>

#include "next.h"

typedef int (*spawn_function)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                              char *const[], char *const[]);

/* While the program waits, libc has the child ask the kernel about each signal that it is not told to give its default action, and
 * reset those that have a handler, as nearly all have: ours. So it is told, which saves the child 52 calls. Returns `attributes`, or a
 * copy in *room. */
static const posix_spawnattr_t *with_defaults(const posix_spawnattr_t *attributes, posix_spawnattr_t *room) {
    const qmon__sigset ours = qmon__dispositions_of_ours();
    short flags = 0;
    sigset_t defaults;
    if (ours == 0)
        return attributes;
    if (attributes != NULL)
        *room = *attributes;
    else
        posix_spawnattr_init(room);
    posix_spawnattr_getflags(room, &flags);
    if ((flags & POSIX_SPAWN_SETSIGDEF) == 0 || posix_spawnattr_getsigdefault(room, &defaults) != 0)
        sigemptyset(&defaults);
    for (int signal = 1; signal <= QMON__SIGNALS; signal++)
        if ((ours & QMON__SIGNAL_BIT(signal)) != 0)
            sigaddset(&defaults, signal);
    posix_spawnattr_setsigdefault(room, &defaults);
    posix_spawnattr_setflags(room, (short) (flags | POSIX_SPAWN_SETSIGDEF));
    return room;
}

/* `image`: the file that it will be, as far as can be told beforehand. */
static int spawn(spawn_function real, pid_t *pid, const char *file, const char *image,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const arguments[], char *const environment[]) {
    pid_t child;
    posix_spawnattr_t room;
    const size_t bytes = qmon__image_stripped_bytes(AT_FDCWD, image, environment);
    if (bytes > 0)
        environment = qmon__image_strip(environment, __builtin_alloca(bytes), bytes);
    const qmon__sigset mask = qmon__mask_reveal(); /* the child starts with it */
    const int error = real(&child, file, actions, with_defaults(attributes, &room), arguments, environment);
    qmon__mask_restore(mask);
    if (error != 0)
        return error;
    qmon__process_spawned(child, file, arguments);
    if (pid != NULL)
        *pid = child;
    return 0;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                char *const environment[restrict]) {
    static void *_Atomic next;
    return spawn((spawn_function) qmon__next("posix_spawn", &next), pid, path, path, actions, attributes, arguments,
                 environment);
}

struct search {
    const char *file;
    char image[PATH_MAX];
    bool found;
};

static void look_along_path(void *argument) {
    struct search *search = argument;
    search->found = qmon__image_find(search->file, getenv("PATH"), search->image, sizeof search->image);
}

/* A name that cannot be read is the child's trouble. */
int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                 char *const environment[restrict]) {
    static void *_Atomic next;
    struct search search;
    search.file = file;
    search.found = false;
    if (!qmon__guarded(look_along_path, &search, 0))
        search.found = false;
    return spawn((spawn_function) qmon__next("posix_spawnp", &next), pid, file, search.found ? search.image : NULL,
                 actions, attributes, arguments, environment);
}

typedef int (*system_function)(const char *);
typedef FILE *(*popen_function)(const char *, const char *);

int system(const char *command) {
    static void *_Atomic next;
    const system_function real = (system_function) qmon__next("system", &next);
    const qmon__sigset mask = qmon__mask_reveal();
    const int result = real(command);
    qmon__mask_restore(mask);
    return result;
}

FILE *popen(const char *command, const char *mode) {
    static void *_Atomic next;
    const popen_function real = (popen_function) qmon__next("popen", &next);
    const qmon__sigset mask = qmon__mask_reveal();
    FILE *const stream = real(command, mode);
    qmon__mask_restore(mask);
    return stream;
}
