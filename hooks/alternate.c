/* sigaltstack; the rules are in alternate_stack.h. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include <agent.h>
#include <alternate_stack.h>

int sigaltstack(const stack_t *restrict wanted, stack_t *restrict old) {
    const int error = qmon__agent.active ? qmon__alternate_stack_virtual(wanted, old)
                                         : (int) qmon__sys_2(SYS_sigaltstack, wanted, old);
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
