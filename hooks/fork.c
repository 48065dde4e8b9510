/*
 * fork: what the agent does in the child is registered with libc (lifecycle.c). Here the parent keeps the child's number, so
 * that one that ends at once can see to it that its child is known by then, and one that kills its child at once that this is told.
 *
 * The real one is looked up at the first fork, in the parent: no child of a threaded program, in which the loader's lock may be
 * held for ever, comes here without it.
 */
#include <errno.h>
#include <unistd.h>

#include <agent.h>
#include <births.h>

#include "next.h"

typedef pid_t (*fork_function)(void);

pid_t fork(void) {
    static void *_Atomic next;
    const fork_function real = (fork_function) qmon__next("fork", &next);
    if (real == NULL) {
        errno = ENOSYS;
        return -1;
    }
    struct qmon__birth birth;
    qmon__birth_expected(&birth);
    const pid_t child = real();
    if (child != 0)
        qmon__birth_over(&birth, child);
    if (child > 0)
        qmon__process_has_forked(child);
    return child;
}
