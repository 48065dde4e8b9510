/* vfork, but for its entry, which is in jumps.S. */
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include <sharers.h>

#include "next.h"

typedef pid_t (*vfork_function)(void);
vfork_function qmon__vfork_next(void);

static pid_t fail(void) {
    errno = ENOSYS;
    return -1;
}

/* Where vfork goes on. */
vfork_function qmon__vfork_next(void) {
    static void *_Atomic next;
    const int error_number = errno;
    const vfork_function real = (vfork_function) qmon__next("vfork", &next);
    errno = error_number;
    qmon__sharer_expected(true);
    qmon__sharer_without_number();
    return real != NULL ? real : fail;
}
