/*
 * origin_source.h: the lines of source around an event's origin, for alerts that leave this machine.
 */
#ifndef QMON_RECEIVER_ORIGIN_SOURCE_H
#define QMON_RECEIVER_ORIGIN_SOURCE_H

#include <stdbool.h>

#include <qmon/event.h>

/* Fills event->source where the origin's file is here: five lines, bounded, secrets blotted out. What a program says is its
 * source is believed only where the name ends as sources' names do: it must not make us tell what is in other files. */
void qmon__add_source(struct qmon_event *event);

bool qmon__is_source_name(const char *path);

#endif
