/* table.c: sinks.def as a table. */
#include <string.h>

#include "sinks.h"

const struct qmon_sink *const qmon_sinks[] = {
#define SINK(identifier, name, reader) &qmon__sink_##identifier,
#include <qmon/sinks.def>
#undef SINK
    NULL,
};

const struct qmon_sink *qmon_sink_by_name(const char *name) {
    for (const struct qmon_sink *const *sink = qmon_sinks; *sink; sink++)
        if (strcmp((*sink)->name, name) == 0)
            return *sink;
    return NULL;
}
