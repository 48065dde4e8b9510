#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <qmon/cache.h>
#include <qmon/clock.h>
#include <qmon/event.h>
#include <qmon/routing.h>
#include <qmon/sink.h>

#include "when.h"

#define CHECK_MS 10000u
#define REASON_BYTES 512u

static bool is_set(const char *text) {
    return text && *text;
}

static void find_redis(struct qmon__cli_doctor *doctor, bool fine, const char *reason) {
    if (fine)
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, "redis", NULL, "%s", reason);
    else
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "redis", "until then repeats are counted on this host alone", "%s",
                          reason);
}

/* Nobody has said where it is: then AWS may. */
static void check_discovery(struct qmon__cli_doctor *doctor) {
    char reason[REASON_BYTES] = "", redis[REASON_BYTES] = "";
    bool fine = false;
    int r = qmon_cache_discovery_check(doctor->config, reason, sizeof reason, redis, sizeof redis, &fine);

    if (r == 0) {
        qmon__cli_finding(doctor, QMON_FINDING_NOTE, "redis", NULL,
                          "not configured: repeats are counted on this host alone (REDIS_HOST or REDIS_URL: over all); "
                          "%s",
                          reason);
    } else if (r < 0) {
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "aws",
                          "name Redis by REDIS_HOST or REDIS_URL, or let this role call ssm:GetParameters for it; "
                          "QMON_SSM_PREFIX=off if there is none",
                          "Redis is not found: %s", reason);
    } else {
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, "aws", NULL, "%s", reason);
        find_redis(doctor, fine, redis);
    }
}

void qmon__cli_check_redis(struct qmon__cli_doctor *doctor) {
    char reason[REASON_BYTES] = "";
    bool fine;

    if (!is_set(doctor->config->redis_url) && !is_set(doctor->config->redis_host)) {
        check_discovery(doctor);
        return;
    }
    fine = qmon_cache_redis_check(doctor->config, reason, sizeof reason);
    find_redis(doctor, fine, reason);
}

static struct qmon_sink_context context_of(const struct qmon__cli_doctor *doctor) {
    return (struct qmon_sink_context){.config = doctor->config, .timeout_ms = CHECK_MS};
}

/* Quiet hours may join to all of the week by mistake: "from" and "to" alike, or two that complete each other. */
static void check_quiet_hours(struct qmon__cli_doctor *doctor, enum qmon_channel channel) {
    const struct qmon_routing *routing = doctor->config->routing;
    int severity = QMON_SEVERITY_CRITICAL;

    while (severity >= QMON_SEVERITY_INFO &&
           !qmon_quiet_for_ever(routing, channel, (enum qmon_severity) severity, qmon_real_ms()))
        severity--;
    if (severity >= QMON_SEVERITY_INFO)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, qmon_channel_name(channel),
                          "let quiet_hours in QMON_CONFIG end, or leave the channel out by a route or min_severity",
                          "its quiet hours last all week: what is %s%s waits for ever",
                          qmon_severity_name((enum qmon_severity) severity),
                          severity > QMON_SEVERITY_INFO ? " or less severe" : "");
}

void qmon__cli_check_sinks(struct qmon__cli_doctor *doctor) {
    struct qmon_sink_context context = context_of(doctor);
    unsigned configured = 0;

    for (const struct qmon_sink *const *at = qmon_sinks; *at; at++) {
        const struct qmon_sink *sink = *at;
        char reason[REASON_BYTES] = "";

        if (!sink->configured(doctor->config)) {
            if (sink->begun && sink->begun(doctor->config) && !sink->check(&context, reason, sizeof reason))
                qmon__cli_finding(doctor, QMON_FINDING_BAD, sink->name, NULL, "%s", reason);
            continue;
        }
        configured++;
        check_quiet_hours(doctor, (enum qmon_channel)(at - qmon_sinks));
        if (!sink->check)
            qmon__cli_finding(doctor, QMON_FINDING_NOTE, sink->name, NULL, "configured; --send tries it");
        else if (sink->check(&context, reason, sizeof reason))
            qmon__cli_finding(doctor, QMON_FINDING_GOOD, sink->name, NULL, "%s", reason);
        else
            qmon__cli_finding(doctor, QMON_FINDING_BAD, sink->name, NULL, "%s", reason);
    }
    if (configured == 0)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "channels",
                          "set SLACK_APP_TOKEN and SLACK_ALERTS_CHANNEL, SLACK_WEBHOOK_URL, QMON_WEBHOOK_URL or "
                          "QMON_EVENTS_FILE",
                          "none is configured: events are kept here, for 'qmon list', and nobody is alerted");
}

/* An event that says what it is; NULL: out of memory. */
static struct qmon_event *test_event(const struct qmon_config *config) {
    struct qmon_event *event = qmon_event_new(qmon_real_ms() * 1000000);
    struct utsname machine;

    if (!event)
        return NULL;
    event->kind = QMON_KIND_ERROR;
    event->severity = QMON_SEVERITY_INFO;
    event->code = "test";
    event->title = "Test alert of qmon doctor";
    event->message = "Nothing is wrong. Somebody ran 'qmon doctor --send' to see whether alerts reach this channel.";
    event->service.name = qmon_event_text(event, is_set(config->service) ? config->service : "qmon");
    event->service.version = qmon_event_text(event, config->version);
    event->service.stage = is_set(config->stage) ? qmon_event_text(event, config->stage) : NULL;
    if (uname(&machine) == 0) {
        event->host.name = qmon_event_text(event, machine.nodename);
        event->host.arch = qmon_event_text(event, machine.machine);
        event->host.kernel = qmon_event_text(event, machine.release);
    }
    event->process.pid = (uint32_t) getpid();
    event->process.parent_pid = (uint32_t) getppid();
    event->process.uid = (uint32_t) getuid();
    event->process.executable = "qmon";
    return event;
}

static void send_to(struct qmon__cli_doctor *doctor, const struct qmon_sink *sink, const struct qmon_event *event,
                    const char *json) {
    struct qmon_sink_context context = context_of(doctor);
    struct qmon_delivery delivery = {0};

    sink->deliver(&context, event, json, &delivery);
    if (delivery.verdict == QMON_DELIVERY_SENT)
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, sink->name, NULL, "test alert sent%s%s",
                          delivery.remote_id[0] ? ", message " : "", delivery.remote_id);
    else
        qmon__cli_finding(doctor, QMON_FINDING_BAD, sink->name, NULL, "the test alert was not taken: %s",
                          delivery.reason);
}

void qmon__cli_send_test(struct qmon__cli_doctor *doctor) {
    struct qmon_event *event = test_event(doctor->config);
    char *json = event ? qmon_event_to_json(event) : NULL;

    if (!json)
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "test alert", NULL, "out of memory");
    for (const struct qmon_sink *const *at = qmon_sinks; json && *at; at++)
        if ((*at)->configured(doctor->config))
            send_to(doctor, *at, event, json);
    free(json);
    qmon_event_free(event);
}
