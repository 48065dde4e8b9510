/*
 * setsid: a forked child that leaves its session may be a daemon, which goes on in its root's place: it is noted in its record,
 * as a process that is dead cannot be asked any more.
 *
 * daemon(3): libc's parent leaves by an _exit of its own that nobody sees, and would be taken for a process that was killed. The same is
 * done here, with the exit that we see.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <agent.h>

#define NULL_DEVICE makedev(1, 3)

static int redirect_to_null(void) {
    struct stat status;
    const int null = open("/dev/null", O_RDWR);
    if (null < 0 || fstat(null, &status) != 0) {
        const int error_number = errno;
        if (null >= 0)
            close(null);
        errno = error_number;
        return -1;
    }
    if (!S_ISCHR(status.st_mode) || status.st_rdev != NULL_DEVICE) {
        close(null);
        errno = ENODEV;
        return -1;
    }
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        dup2(null, descriptor);
    if (null > 2)
        close(null);
    return 0;
}

pid_t setsid(void) {
    const long session = qmon__sys(SYS_setsid);
    if (session < 0) {
        errno = (int) -session;
        return -1;
    }
    qmon__process_leaves_session((int) session);
    return (pid_t) session;
}

int daemon(int stay_in_directory, int keep_descriptors) {
    const pid_t child = fork();
    if (child < 0)
        return -1;
    if (child > 0)
        _exit(0);
    if (setsid() == -1)
        return -1;
    if (stay_in_directory == 0 && chdir("/") != 0) { /* as libc: not an error */
    }
    return keep_descriptors == 0 ? redirect_to_null() : 0;
}
