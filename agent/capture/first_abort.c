#include "first_abort.h"

#include <stdint.h>
#include <string.h>

#include "agent.h"
#include "guard.h"
#include "machine.h"
#include "thread.h"

/* What libc calls ABORT_INSTRUCTION. */
#if defined(__x86_64__)
static const unsigned char last_instruction[] = {0xf4}; /* hlt */
#else
static const unsigned char last_instruction[] = {0x00, 0x7d, 0x20, 0xd4}; /* brk #1000 */
#endif

void qmon__first_ignored(int signal, const siginfo_t *info) {
    qmon__thread.aborted_in_vain = signal == SIGABRT && info->si_code == SI_TKILL && info->si_pid == qmon__getpid();
}

bool qmon__first_aborts(const siginfo_t *info, const ucontext_t *context, siginfo_t *ret_info) {
    unsigned char there[sizeof last_instruction];
    if (!qmon__thread.aborted_in_vain || !qmon__agent.is_init || info->si_code <= 0 ||
        !qmon__copy_guarded(there, (const void *) qmon__program_counter(context), sizeof there) ||
        memcmp(there, last_instruction, sizeof there) != 0)
        return false;
    memset(ret_info, 0, sizeof *ret_info);
    ret_info->si_signo = SIGABRT;
    ret_info->si_code = SI_TKILL;
    ret_info->si_pid = qmon__getpid();
    ret_info->si_uid = (uid_t) qmon__sys(SYS_getuid);
    return true;
}
