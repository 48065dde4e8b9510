/* sigaltstack; the rules are in alternate_stack.h. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include <agent.h>
#include <alternate_stack.h>
#include <guard.h>

/* Places that are none the kernel refuses, after it has set what it was asked to. */
static int change(const stack_t *wanted, stack_t *ret_old) {
    stack_t asked, before;
    if (!qmon__agent.active)
        return (int) qmon__sys_2(SYS_sigaltstack, wanted, ret_old);
    if (wanted != NULL && !qmon__copy_guarded(&asked, wanted, sizeof asked))
        return -EFAULT;
    const int error = qmon__alternate_stack_virtual(wanted != NULL ? &asked : NULL, ret_old != NULL ? &before : NULL);
    if (error == 0 && ret_old != NULL && !qmon__copy_guarded(ret_old, &before, sizeof before))
        return -EFAULT;
    return error;
}

int sigaltstack(const stack_t *restrict wanted, stack_t *restrict old) {
    const int error = change(wanted, old);
    if (error == 0)
        return 0;
    errno = -error;
    return -1;
}

/* BSD's, without a size: as libc has it, which takes the stack for as large as its address. */
int sigstack(struct sigstack *wanted, struct sigstack *ret_old) {
    stack_t stack, old;
    if (wanted != NULL)
        stack = (stack_t){.ss_sp = wanted->ss_sp,
                          .ss_flags = wanted->ss_onstack != 0 ? SS_ONSTACK : 0,
                          .ss_size = (size_t) (uintptr_t) wanted->ss_sp};
    const int result = sigaltstack(wanted != NULL ? &stack : NULL, ret_old != NULL ? &old : NULL);
    if (result == 0 && ret_old != NULL)
        *ret_old = (struct sigstack){.ss_sp = old.ss_sp, .ss_onstack = (old.ss_flags & SS_ONSTACK) != 0};
    return result;
}
