#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"

#define LOOKED_AT 2048u /* a link costs about a microsecond, and the process waits */
#define COUNTED 65536u
#define KINDS 12u

const char *qmon__descriptor_kind(const char *target) {
    static const struct {
        const char *prefix, *kind;
    } kinds[] = {
        {"socket:", "sockets"},
        {"pipe:", "pipes"},
        {"anon_inode:[eventpoll]", "epolls"},
        {"anon_inode:[eventfd]", "eventfds"},
        {"anon_inode:[timerfd]", "timers"},
        {"anon_inode:", "other kernel objects"},
        {"/dev/pts/", "terminals"},
        {"/dev/tty", "terminals"},
        {"/dev/shm/", "shared memory"},
        {"/dev/", "devices"},
        {"/memfd:", "shared memory"},
        {"/proc/", "proc files"},
    };
    static const char deleted[] = " (deleted)";
    size_t length = strlen(target), suffix = sizeof deleted - 1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(target, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].kind;
    if (length > suffix && strcmp(target + length - suffix, deleted) == 0)
        return "deleted files";
    return *target == '/' ? "files" : "others";
}

struct tally {
    const char *kinds[KINDS];
    uint64_t counts[KINDS];
    size_t kind_count;
    uint64_t total;
};

static void count_kind(struct tally *tally, const char *kind) {
    size_t i = 0;
    while (i < tally->kind_count && strcmp(tally->kinds[i], kind) != 0)
        i++;
    if (i == KINDS)
        return;
    if (i == tally->kind_count)
        tally->kinds[tally->kind_count++] = kind;
    tally->counts[i]++;
}

static void count_all(DIR *directory, struct tally *tally) {
    const struct dirent *entry;
    char target[256];
    while (tally->total < COUNTED && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (++tally->total > LOOKED_AT)
            continue;
        ssize_t bytes = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        if (bytes < 0)
            continue;
        target[bytes] = '\0';
        count_kind(tally, qmon__descriptor_kind(target));
    }
    if (tally->total > LOOKED_AT)
        count_kind(tally, "not looked at");
    if (tally->kind_count > 0 && tally->total > LOOKED_AT)
        tally->counts[tally->kind_count - 1] = tally->total - LOOKED_AT;
}

static void sort_by_count(struct tally *tally) {
    for (size_t i = 1; i < tally->kind_count; i++)
        for (size_t j = i; j > 0 && tally->counts[j] > tally->counts[j - 1]; j--) {
            const char *kind = tally->kinds[j];
            uint64_t count = tally->counts[j];
            tally->kinds[j] = tally->kinds[j - 1];
            tally->counts[j] = tally->counts[j - 1];
            tally->kinds[j - 1] = kind;
            tally->counts[j - 1] = count;
        }
}

void qmon__add_descriptors(struct qmon_event *event, uint32_t live_pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/fd", live_pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    struct tally tally = {0};
    count_all(directory, &tally);
    closedir(directory);
    sort_by_count(&tally);
    event->context.descriptors = tally.total;
    event->context.descriptor_kinds = qmon_event_alloc(event, KINDS * sizeof *event->context.descriptor_kinds);
    for (size_t i = 0; event->context.descriptor_kinds != NULL && i < tally.kind_count; i++) {
        const char *count = qmon_event_format(event, "%" PRIu64, tally.counts[i]);
        if (count != NULL)
            event->context.descriptor_kinds[event->context.descriptor_kind_count++] =
                (struct qmon_pair){tally.kinds[i], count};
    }
}
