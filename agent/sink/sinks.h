/* sinks.h: the rows of sinks.def. Private to agent/sink. */
#ifndef QMON_SINKS_H
#define QMON_SINKS_H

#include <qmon/sink.h>

#define SINK(identifier, name, reader) extern const struct qmon_sink qmon__sink_##identifier;
#include <qmon/sinks.def>
#undef SINK

#endif
