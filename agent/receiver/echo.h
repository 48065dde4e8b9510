/* echo.h: a process that ends itself by the signal that ended its child, or with a status that means it. */
#ifndef QMON_RECEIVER_ECHO_H
#define QMON_RECEIVER_ECHO_H

#include <stdbool.h>

#include <qmon/event.h>
#include <qmon/record.h>
#include <qmon/store.h>

/* Is this crash or exit, after describe, such an echo? May wait 2 s for the child's own report, if there is to be one. Never for a
 * signal that the process did not send to itself, and never for a status where neither its record (NULL: none) knows of such a child
 * nor, for a root, its tree had such a crash in the last ten seconds. */
bool qmon__is_echo(struct qmon_store *store, const struct qmon_event *event, const struct qmon_record *record);

#endif
