/*
 * reports.h: what qmon said of a program: read from the events file, or, where no receiver ran, from the records that the
 * program left.
 */
#ifndef QMON_TEST_REPORTS_H
#define QMON_TEST_REPORTS_H

#include <stddef.h>

struct report {
    const char *kind;   /* crash, exit, error, lifecycle */
    const char *code;   /* SIGSEGV, exit:3; NULL none */
    const char *origin; /* function of the origin frame; NULL unknown */
    const char *phase;  /* of a lifecycle event */
    const char *text;   /* the whole event, to search in */
    long pid;
};

struct report_list {
    struct report *items;
    size_t count;
    void *memory;
};

/* Events of a JSON-lines file, in its order; fails the test on a line that is no JSON. A file that is not there is an empty one. */
void reports_of_events(const char *path, struct report_list *ret_list);
/* Records below /dev/shm and STATE_DIR/records that belong to a state directory. A start is not told from them. Their origin
 * is looked up in the program's own symbols. */
void reports_of_records(const char *state_dir, struct report_list *ret_list);
/* How many records a state directory's processes left; removes them and the directory in /dev/shm. */
unsigned records_sweep(const char *state_dir);

/* How many reports are of a kind (and phase, unless NULL); *ret_first is the first of them. */
size_t reports_count(const struct report_list *list, const char *kind, const char *phase,
                     const struct report **ret_first);
void reports_free(struct report_list *list);

#endif
