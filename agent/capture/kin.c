/*
 * What the ancestors are is read from their records when it matters: one that became a subreaper long after its children were
 * made is found like this too, which nothing that a child inherits could tell. Who they are, /proc says.
 */
#include "kin.h"

#include <sys/prctl.h>

#include "agent.h"
#include "record_file.h"
#include "start_time.h"

#define GENERATIONS 32u /* nobody's ancestors are more; a loop in what was read ends here */

bool qmon__kin_has_subreaper(void) {
    if (qmon__agent.record->process.host_parent_known == 0)
        return false;
    int pid = (int) qmon__sys(SYS_getppid);
    for (unsigned i = 0; pid > 1 && i < GENERATIONS; i++) {
        struct qmon__relative relative;
        if (qmon__record_of_process(pid, &relative)) {
            if (relative.is_subreaper != 0)
                return true;
            if (relative.host_parent_known == 0)
                return false;
        }
        pid = qmon__parent_of(pid);
    }
    return false;
}

bool qmon__orphans_are_seen(void) {
    return qmon__agent.is_init || qmon__agent.record->header.is_subreaper != 0 || qmon__kin_has_subreaper();
}

void qmon__kin_note_subreaper(void) {
    int is = 0;
    if (!qmon__agent.active || !qmon__is_owner() || qmon__sys_2(SYS_prctl, PR_GET_CHILD_SUBREAPER, &is) != 0)
        return;
    qmon__agent.record->header.is_subreaper = is != 0;
}
