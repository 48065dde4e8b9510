#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "moment.h"
#include "places.h"
#include "segments.h"

#define DRAFT_SUFFIX ".new"
#define DRAFT_LIFE_S 60

static void add_place(struct qmon__places *places, int parent, const char *name, uid_t owner) {
    if (places->count >= QMON__PLACES)
        return;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    struct stat status;
    bool good = fstat(fd, &status) == 0 && status.st_uid == owner;
    for (size_t i = 0; good && i < places->count; i++)
        good = places->items[i].device != status.st_dev || places->items[i].inode != status.st_ino;
    if (!good) {
        close(fd);
        return;
    }
    places->items[places->count].fd = fd;
    places->items[places->count].device = status.st_dev;
    places->items[places->count].inode = status.st_ino;
    places->count++;
}

/* qmon-UID-HASH of any user; for root. */
static void add_shared_memory_of_all(struct qmon__places *places, const char *state_dir) {
    char of_root[QMON_RECORD_DIRECTORY_BYTES];
    qmon_record_directory_shm(0, state_dir, of_root, sizeof of_root);
    const char *suffix = of_root + strlen("/dev/shm/qmon-0");
    DIR *directory = opendir("/dev/shm");
    if (directory == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strncmp(entry->d_name, "qmon-", 5) != 0 || !isdigit((unsigned char) entry->d_name[5]))
            continue;
        char *end;
        unsigned long uid = strtoul(entry->d_name + 5, &end, 10);
        if (uid < UINT32_MAX && strcmp(end, suffix) == 0)
            add_place(places, dirfd(directory), entry->d_name, (uid_t) uid);
    }
    closedir(directory);
}

static void add_shared_memory(struct qmon__places *places, const char *state_dir) {
    if (geteuid() == 0) {
        add_shared_memory_of_all(places, state_dir);
        return;
    }
    char path[QMON_RECORD_DIRECTORY_BYTES];
    qmon_record_directory_shm((uint32_t) geteuid(), state_dir, path, sizeof path);
    add_place(places, AT_FDCWD, path, geteuid());
}

static void add_of_state_dir(struct qmon__places *places, const char *state_dir) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", state_dir);
    size_t bytes = strlen(path);
    while (bytes > 1 && path[bytes - 1] == '/')
        path[--bytes] = '\0';
    qmon__segments_import(path);
    add_shared_memory(places, path);
    char records[PATH_MAX];
    qmon_record_directory_disk(path, records, sizeof records);
    struct stat status;
    if (stat(records, &status) == 0)
        add_place(places, AT_FDCWD, records, status.st_uid);
}

void qmon__places_open(struct qmon__places *ret_places, const char *state_dir, const struct qmon_config *config) {
    ret_places->count = 0;
    add_of_state_dir(ret_places, state_dir);
    /* The agent goes by what is wanted; whether it can be written to is known later, and by us alone. */
    char wanted[QMON_RECORD_DIRECTORY_BYTES];
    if (config == NULL)
        return;
    if (config->state_dir != NULL && config->state_dir[0] == '/')
        snprintf(wanted, sizeof wanted, "%s", config->state_dir);
    else
        qmon_default_state_dir((uint32_t) geteuid(), getenv("XDG_STATE_HOME"), getenv("HOME"), wanted, sizeof wanted);
    if (strcmp(wanted, state_dir) != 0)
        add_of_state_dir(ret_places, wanted);
}

void qmon__places_add(struct qmon__places *places, int directory) {
    struct stat status;
    if (fstat(directory, &status) == 0)
        add_place(places, directory, ".", status.st_uid);
}

void qmon__places_close(struct qmon__places *places) {
    for (size_t i = 0; i < places->count; i++)
        close(places->items[i].fd);
    places->count = 0;
}

bool qmon__record_parse_name(const char *name, struct qmon__record_name *ret_name) {
    size_t digits = strspn(name, "0123456789abcdef");
    if (digits == 0 || digits > 16 || name[digits] != '-' || !isdigit((unsigned char) name[digits + 1]))
        return false;
    char *end;
    unsigned long pid = strtoul(name + digits + 1, &end, 10);
    if (pid == 0 || pid > INT32_MAX)
        return false;
    bool aside = *end == '.' && isdigit((unsigned char) end[1]);
    if (aside)
        end += 1 + strspn(end + 1, "0123456789");
    if (*end != '\0')
        return false;
    *ret_name = (struct qmon__record_name){
        .pid_namespace = strtoull(name, NULL, 16), .pid = (uint32_t) pid, .moved_aside = aside};
    return true;
}

/* A record is drafted under another name and linked to its own; the process that drafted it died in between. */
static void remove_old_draft(int directory, const char *name) {
    size_t bytes = strlen(name), suffix = strlen(DRAFT_SUFFIX);
    struct stat status;
    if (bytes <= suffix || strcmp(name + bytes - suffix, DRAFT_SUFFIX) != 0)
        return;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
        status.st_ctim.tv_sec + DRAFT_LIFE_S < (time_t) (qmon_real_ns() / 1000000000u))
        unlinkat(directory, name, 0);
}

void qmon__place_visit(int directory,
                       bool (*visit)(void *context, int directory, const char *name,
                                     const struct qmon__record_name *parsed),
                       void *context) {
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *entry;
    bool more = true;
    while (more && (entry = readdir(stream)) != NULL) {
        struct qmon__record_name parsed;
        if (qmon__record_parse_name(entry->d_name, &parsed))
            more = visit(context, directory, entry->d_name, &parsed);
        else
            remove_old_draft(directory, entry->d_name);
    }
    closedir(stream);
}

void qmon__places_visit(const struct qmon__places *places,
                        bool (*visit)(void *context, int directory, const char *name,
                                      const struct qmon__record_name *parsed),
                        void *context) {
    for (size_t i = 0; i < places->count; i++)
        qmon__place_visit(places->items[i].fd, visit, context);
}
