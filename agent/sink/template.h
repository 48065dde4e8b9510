/* template.h: an alert in the operator's own words. Private to agent/sink. */
#ifndef QMON_SINK_TEMPLATE_H
#define QMON_SINK_TEMPLATE_H

#include <qmon/sink.h>

/* Sets event->told by the templates that the configuration has for this channel and the event's kind. Where one cannot be
 * filled in (out of memory), the channel's own words stay. */
void qmon__fill_templates(struct qmon_event *event, const struct qmon_config *config, const struct qmon_sink *sink);

#endif
