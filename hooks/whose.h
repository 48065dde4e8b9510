/* whose.h: whose function a caller means by a name, where several libraries may define it. */
#ifndef QMON_HOOKS_WHOSE_H
#define QMON_HOOKS_WHOSE_H

#include <stdatomic.h>
#include <stdint.h>

#define QMON__ANSWERS 16u /* a power of two */

struct qmon__answer {
    _Atomic uintptr_t real, mixed;
};

/* Of one name. Begins as zeros. */
struct qmon__whose {
    void *_Atomic next;
    struct qmon__answer answers[QMON__ANSWERS];
};

struct qmon__hook_name {
    const char *name;
    void *hook; /* ours, which stands in front */
};

/* The function that `caller` (a return address in its code) means by the name; 0: there is none. Answers are kept, each for one caller, until
 * code goes (dlclose); one that is half of another's is none. Not from a signal handler: an answer that is not known waits for the
 * lock of dl_iterate_phdr, which is not held while constructors run. THREADS: any. */
uintptr_t qmon__whose_function(struct qmon__whose *whose, const struct qmon__hook_name *name, uintptr_t caller);

#endif
