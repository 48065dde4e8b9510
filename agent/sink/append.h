/* append.h: lines appended to a file, for channels that are files. Private to agent/sink. */
#ifndef QMON_SINK_APPEND_H
#define QMON_SINK_APPEND_H

#include <qmon/sink.h>

struct qmon__append {
    const char *path;
    const char *line;       /* without the line break */
    const char *first_line; /* for a file that is empty; NULL none */
    const char *mark;       /* nothing is written when the file's tail holds this; NULL: without looking */
    uint64_t timeout_ms;    /* for the file's lock */
};

void qmon__append(const struct qmon__append *what, struct qmon_delivery *ret_delivery);
/* Can it be written to? Makes it where it is not there. ret_reason always gets a sentence. */
bool qmon__append_check(const char *path, uint64_t timeout_ms, char *ret_reason, size_t bytes);

#endif
