/* sigaltstack; the rules are in alternate_stack.h. */
#include <errno.h>
#include <signal.h>

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
