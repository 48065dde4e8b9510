/* echo.h: a process that ends itself by the signal that ended its child. */
#ifndef QMON_RECEIVER_ECHO_H
#define QMON_RECEIVER_ECHO_H

#include <stdbool.h>

#include <qmon/event.h>
#include <qmon/store.h>

/* Is this crash, after describe, such an echo? May wait 2 s for the child's own report, if it made one. Never for a signal that the process did
 * not send to itself. */
bool qmon__is_echo(struct qmon_store *store, const struct qmon_event *event);

#endif
