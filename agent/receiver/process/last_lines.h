/*
 * last_lines.h: the end of what a program wrote to its standard error (QMON_STDERR_LINES).
 */
#ifndef QMON_RECEIVER_LAST_LINES_H
#define QMON_RECEIVER_LAST_LINES_H

#include <stdint.h>

#include <qmon/event.h>

/* Fills event->context.last_lines with the last `most` lines before the place that the descriptor's next write goes to, which
 * is where the program stopped, whoever else has appended to the file since. Bounded; secrets and terminal control sequences
 * are taken out. Nothing where the descriptor is no regular file, or one that may not be read. The descriptor's place stays. */
void qmon__add_last_lines(struct qmon_event *event, int fd, uint64_t most);

#endif
