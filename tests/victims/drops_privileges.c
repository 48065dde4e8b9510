/* A service that starts as root and becomes nobody, in the ways there are, and crashes or, with a second argument, ends with that status. */
#include <grp.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    if (strcmp(argv[1], "setuid") == 0) {
        setgroups(0, NULL);
        setgid(65534);
        setuid(65534);
    }
    if (strcmp(argv[1], "seteuid") == 0)
        seteuid(65534);
    if (strcmp(argv[1], "setresuid") == 0)
        setresuid(65534, 65534, 0);
    if (strcmp(argv[1], "dumpable") == 0)
        prctl(PR_SET_DUMPABLE, 0);
    if (strcmp(argv[1], "privileges") == 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (strcmp(argv[1], "capabilities") == 0)
        for (int i = 0; i < 64; i++)
            prctl(PR_CAPBSET_DROP, i);
    if (argc > 2)
        return atoi(argv[2]);
    fault_here();
    return 0;
}
