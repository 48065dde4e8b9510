/*
 * header_list.h: headers from a setting, "Name=value,Other=value", values percent-encoded where they hold a comma or other
 * marks: the form of OTEL_EXPORTER_OTLP_HEADERS. Private to agent/sink.
 */
#ifndef QMON_HEADER_LIST_H
#define QMON_HEADER_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define QMON__HEADERS 16u

struct qmon__header_list {
    const char *items[QMON__HEADERS + 1]; /* "Name: value", NULL-terminated, for struct qmon__http_request */
    size_t count;
    char *memory;
};

/* Fills *ret_list always, to be ended by qmon__header_list_end. False: *ret_problem (static) says why nothing can be sent
 * with it: a name or value that would break the request, a name that is ours (Content-Length, Host, ...), too many. */
bool qmon__header_list_begin(const char *setting, struct qmon__header_list *ret_list, const char **ret_problem);
void qmon__header_list_end(struct qmon__header_list *list);

#endif
