/* syslog_render.h: an event as a message of RFC 5424. Pure. Private to agent/sink. */
#ifndef QMON_SYSLOG_RENDER_H
#define QMON_SYSLOG_RENDER_H

#include <qmon/event.h>

#define QMON__SYSLOG_BYTES 2048u /* what every receiver should take (RFC 5424, 6.1) */

/* By name ("daemon", "local3"); -1: there is none of that name. */
int qmon__syslog_facility(const char *name);

/* One line without control characters, whose structured data is whole, whatever is cut. Returns its length. */
size_t qmon__syslog_render(const struct qmon_event *event, int facility, char ret_text[QMON__SYSLOG_BYTES]);

#endif
