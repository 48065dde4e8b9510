#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bound.h"
#include "deadly.h"

bool qmon__is_deadly(void (*call)(void)) {
    int status;
    if (!qmon__is_filtered())
        return false;
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGSYS, SIG_DFL);
        call();
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}
