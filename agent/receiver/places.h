/*
 * places.h: the directories that hold records, and the records in them.
 */
#ifndef QMON_RECEIVER_PLACES_H
#define QMON_RECEIVER_PLACES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qmon/config.h>

#define QMON__PLACES 64u

/* Directories where processes of this state directory keep their records: STATE/records, and /dev/shm/qmon-UID-HASH of our
 * user (for root: of every user). Only those that exist and can be trusted not to lead elsewhere. */
struct qmon__places {
    size_t count;
    struct {
        int fd;
        dev_t device;
        ino_t inode;
    } items[QMON__PLACES];
};
/* config may be NULL: the state directory that is wanted is then taken to be the one in use. */
void qmon__places_open(struct qmon__places *ret_places, const char *state_dir, const struct qmon_config *config);
void qmon__places_add(struct qmon__places *places, int directory); /* one more, unless it is there already */
void qmon__places_close(struct qmon__places *places);

/* What a record's name says: NAMESPACE-PID[.CREATED]. */
struct qmon__record_name {
    uint64_t pid_namespace;
    uint32_t pid;
    bool moved_aside; /* has .CREATED: another process has taken the number since */
};
bool qmon__record_parse_name(const char *name, struct qmon__record_name *ret_name);

/* Calls visit for each name in one directory that is a record's, until it returns false. Drafts that were never finished are
 * removed on the way. */
void qmon__place_visit(int directory,
                       bool (*visit)(void *context, int directory, const char *name,
                                     const struct qmon__record_name *parsed),
                       void *context);
/* The same for all places. */
void qmon__places_visit(const struct qmon__places *places,
                        bool (*visit)(void *context, int directory, const char *name,
                                      const struct qmon__record_name *parsed),
                        void *context);

#endif
