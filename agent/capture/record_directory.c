#include "record_directory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "agent.h"
#include "settings.h"

static bool is_on_disk(unsigned choice) {
    return (choice == 0) == qmon__agent.contained;
}

void qmon__record_directory(unsigned choice, uint32_t uid, char *ret_path) {
    if (is_on_disk(choice))
        qmon_record_directory_disk(qmon__settings.state_dir, ret_path, QMON_RECORD_DIRECTORY_BYTES);
    else
        qmon_record_directory_shm(uid, qmon__settings.state_dir, ret_path, QMON_RECORD_DIRECTORY_BYTES);
}

static void make_directories(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        qmon__sys_3(SYS_mkdirat, AT_FDCWD, path, 0700);
        *slash = '/';
    }
    qmon__sys_3(SYS_mkdirat, AT_FDCWD, path, 0700);
}

bool qmon__is_own_directory(const char *path, uint32_t uid) {
    struct stat status;
    return qmon__sys_4(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == (uid_t) uid;
}

bool qmon__usable_directory(unsigned choice, uint32_t uid, char *ret_path) {
    qmon__record_directory(choice, uid, ret_path);
    if (qmon__is_own_directory(ret_path, uid))
        return true;
    if (is_on_disk(choice))
        make_directories(ret_path);
    else
        qmon__sys_3(SYS_mkdirat, AT_FDCWD, ret_path, 0700); /* a /dev/shm that the program lacks is not ours to make */
    return qmon__is_own_directory(ret_path, uid);
}
