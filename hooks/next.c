#include "next.h"

#include <dlfcn.h>
#include <stdatomic.h>

void *qmon__next(const char *name, void *_Atomic *kept) {
    void *function = atomic_load_explicit(kept, memory_order_relaxed);
    if (function == 0) {
        function = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(kept, function, memory_order_relaxed);
    }
    return function;
}
