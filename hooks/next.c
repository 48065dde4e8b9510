/*
 * dlsym(RTLD_NEXT) waits for the loader's lock, which dlopen holds while the constructors of what it opens run: one that waits there for a
 * thread which calls one of our hooks for the first time would wait for ever. So we look ourselves, in the same order, through what
 * was loaded at the start, which never goes; the loader looks no further either.
 */
#include "next.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <identity.h>
#include <modules.h>

/* Returns whether there is no more to be asked. */
static bool look(const char *name, void **ret_function) {
    const struct link_map *object = qmon__own_object();
    const struct link_map *const last = qmon__last_of_start;
    if (object == NULL || last == NULL)
        return false;
    while (object != last) {
        bool unsure;
        object = object->l_next;
        *ret_function = (void *) qmon__symbol_of(object, name, &unsure);
        if (unsure || *ret_function != NULL)
            return !unsure;
    }
    return true;
}

void *qmon__next(const char *name, void *_Atomic *kept) {
    void *function = atomic_load_explicit(kept, memory_order_relaxed);
    if (function == NULL) {
        if (!look(name, &function))
            function = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(kept, function, memory_order_relaxed);
    }
    return function;
}
