/*
 * state_dir.c: where the store lives. The order of the candidates is that of paths.h; the agent inside the host computes
 * the same name without looking.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/config.h>
#include <qmon/paths.h>

#include "environment.h"

/* mkdir -p. What is made here is ours alone, whatever the umask says. */
static int make_directories(const char *path) {
    char part[PATH_MAX];
    size_t bytes = strlen(path);

    if (bytes >= sizeof part)
        return -ENAMETOOLONG;
    memcpy(part, path, bytes + 1);
    for (size_t i = 1; i <= bytes; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0700) == 0) {
            if (chmod(part, 0700) < 0)
                return -errno;
        } else if (errno != EEXIST && (path[i] == '\0' || access(part, F_OK) < 0)) {
            return -errno; /* EROFS or EACCES on a parent that is there says nothing yet */
        }
        part[i] = path[i];
    }
    return 0;
}

/* Really tries: permission bits say nothing to root, on read-only file systems and under quotas or security modules. */
static int try_writing(int directory) {
    char name[40];
    unsigned nonce = 0;
    int fd = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)) {
        if (getrandom(&nonce, sizeof nonce, GRND_NONBLOCK) < 0)
            nonce = 0;
        snprintf(name, sizeof name, ".probe-%d-%08x", (int) getpid(), nonce);
        fd = openat(directory, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0)
            unlinkat(directory, name, 0);
    }
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? 0 : -errno;
    close(fd);
    return 0;
}

/* In a directory where anybody may make names, only one that is really ours will do. */
static int check_ownership(int directory) {
    struct stat status;

    if (fstat(directory, &status) < 0)
        return -errno;
    return status.st_uid == geteuid() && (status.st_mode & 07777) == 0700 ? 0 : -EPERM;
}

/* Where the directory is open to several users, the store in it is that of the first one to come, and closed to the others. */
static bool has_store_of_another(const char *path) {
    char lock[PATH_MAX];

    if (snprintf(lock, sizeof lock, "%s/store.lock", path) >= (int) sizeof lock)
        return false;
    const int fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0)
        close(fd);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

static int try_directory(const char *path, bool in_public) {
    int r, directory;

    if (path[0] != '/')
        return -EINVAL;
    r = make_directories(path);
    if (r < 0)
        return r;
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (in_public ? O_NOFOLLOW : 0));
    if (directory < 0)
        return -errno;
    r = in_public ? check_ownership(directory) : 0;
    if (r == 0)
        r = try_writing(directory);
    close(directory);
    return r;
}

struct search {
    unsigned tried;
    int error; /* the first one: of the directory that was wanted most */
    char *ret_path;
    size_t bytes;
};

static bool settle(struct search *search, const char *path, bool in_public) {
    size_t bytes = strlen(path);
    int r;

    while (bytes > 1 && path[bytes - 1] == '/')
        bytes--;
    r = bytes < search->bytes ? try_directory(path, in_public) : -ENAMETOOLONG;
    if (r == 0) {
        memcpy(search->ret_path, path, bytes);
        search->ret_path[bytes] = '\0';
        return true;
    }
    if (search->tried++ == 0)
        search->error = r;
    return false;
}

int qmon_state_dir(const char *wanted, char *const *environment, char *ret_path, size_t bytes) {
    struct search search = {0, -ENOENT, ret_path, bytes};
    const char *state_home = qmon__environment_value(environment, "XDG_STATE_HOME");
    const char *home = qmon__environment_value(environment, "HOME");
    uint32_t uid = geteuid();
    char path[PATH_MAX], last[PATH_MAX];

    if (wanted[0] != '\0' && settle(&search, wanted, false)) {
        if (!has_store_of_another(ret_path))
            return 0;
        if (snprintf(path, sizeof path, "%s/user-%u", ret_path, (unsigned) uid) < (int) sizeof path &&
            settle(&search, path, true))
            return 0;
        search.tried++;
    }
    qmon_default_state_dir(uid, NULL, NULL, last, sizeof last);
    if (uid == 0) {
        if (settle(&search, last, false))
            return search.tried > 0;
        snprintf(last, sizeof last, "/tmp/qmon-%u", (unsigned) uid);
    } else {
        qmon_default_state_dir(uid, state_home, NULL, path, sizeof path);
        if (strcmp(path, last) != 0 && settle(&search, path, false))
            return search.tried > 0;
        qmon_default_state_dir(uid, NULL, home, path, sizeof path);
        if (strcmp(path, last) != 0 && settle(&search, path, false))
            return search.tried > 0;
    }
    return settle(&search, last, true) ? search.tried > 0 : search.error;
}
