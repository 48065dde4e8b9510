/* sink_case.h: what the tests of single sinks have in common: a server, a configuration, one delivery. */
#ifndef QMON_SINK_CASE_H
#define QMON_SINK_CASE_H

#include <qmon/config.h>
#include <qmon/sink.h>

#include "http_server.h"
#include "sample_event.h"
#include "slack_mock.h"

struct sink_case {
    struct http_server *server;
    struct slack_mock slack;
    struct qmon_config *config;
    struct sample sample;
    struct qmon_delivery delivery;
    uint64_t took_ms;
    uint32_t attempts;
    const char *state_in;
};

/* Starts the server with that script (see http_script.h); a Slack, where the script has no answer of its own. */
void sink_case_begin(struct sink_case *it, enum http_tls tls, const char *script);
/* The configuration from "NAME=value" lines, "@" at the start of a value standing for "http://127.0.0.1:PORT/". */
void sink_case_configure(struct sink_case *it, const char *const *lines);
enum qmon_delivery_verdict sink_case_deliver(struct sink_case *it, const char *sink, uint64_t timeout_ms);
bool sink_case_check(struct sink_case *it, const char *sink, char *ret_reason, size_t bytes);
void sink_case_end(struct sink_case *it);

#endif
