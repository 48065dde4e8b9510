/*
 * fork: what the agent does in the child is registered with libc (lifecycle.c). Here the parent keeps the child's number, so
 * that one that ends at once can see to it that its child is known by then, and one that kills its child at once that this is told.
 *
 * _Fork tells nobody of the child that it makes, so that the child begins its record here. It may be called in signal handlers.
 *
 * The real one is looked up at the first fork, in the parent: no child of a threaded program, in which the loader's lock may be
 * held for ever, comes here without it.
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include <agent.h>
#include <births.h>

#include "next.h"
#include "wait.h"

typedef pid_t (*fork_function)(void);
pid_t _Fork(void);

static void *_Atomic next_fork QMON__HOT, *_Atomic next_bare_fork QMON__HOT;

void qmon__resolve_forks(void) {
    qmon__next("_Fork", &next_bare_fork);
}

static pid_t make_child(fork_function real, bool tells) {
    if (real == NULL) {
        errno = ENOSYS;
        return -1;
    }
    const unsigned place = qmon__birth_expected();
    const pid_t child = real();
    if (child == 0 && !tells)
        qmon__process_forked();
    if (child == 0 && qmon__agent.is_init) /* its parent knows it by another number */
        qmon__birth_begun_at(place);
    if (child != 0)
        qmon__birth_over(place, child);
    if (child > 0)
        qmon__process_has_forked(child);
    return child;
}

pid_t fork(void) {
    return make_child((fork_function) qmon__next("fork", &next_fork), true);
}

pid_t _Fork(void) {
    const fork_function real = (fork_function) qmon__next("_Fork", &next_bare_fork);
    return real != NULL ? make_child(real, false) : fork(); /* a libc before 2.34 */
}
