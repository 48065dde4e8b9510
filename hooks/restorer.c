#include "restorer.h"

#include <stdatomic.h>
#include <stddef.h>

#include <sys.h>

#include "next.h"

typedef int (*sigaction_function)(int, const struct sigaction *, struct sigaction *);

bool qmon__restorer_of_libc(int signal, const struct sigaction *action, void **ret_restorer) {
    static void *_Atomic next;
    const sigaction_function real = (sigaction_function) qmon__next("sigaction", &next);
    struct qmon__kernel_action before, given;
    if (real == NULL || qmon__sigaction(signal, NULL, &before) != 0 || real(signal, action, NULL) != 0 ||
        qmon__sigaction(signal, &before, &given) != 0)
        return false;
    *ret_restorer = (given.flags & QMON__SA_RESTORER) != 0 ? given.restorer : NULL;
    return true;
}
