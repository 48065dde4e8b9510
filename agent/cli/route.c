#include <stdio.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/delivery.h>
#include <qmon/sink.h>

#include "help.h"
#include "session.h"
#include "when.h"

static int run_route(int argc, char **argv);

const struct qmon__cli_command qmon__cli_route = {
    .name = "route",
    .summary = "where an event goes, and why: to try routes, least severities and quiet hours",
    .synopsis = "[latest|ID]",
    .details =
        "Says for each configured channel whether an event like this one would go there now, by the configuration that\n"
        "is set here. Nothing is sent. ID is an event's id as 'qmon list' shows it, or its beginning.\n",
    .max_operands = 1,
    .run = run_route,
};

static void say_route(const struct qmon_routed *routed) {
    if (routed->route == NULL)
        puts("No route matches: it goes to every configured channel.");
    else if (routed->muted)
        printf("Route \"%s\" matches, and leads nowhere: nobody is told.\n", routed->route->name);
    else if (routed->stray)
        printf("Route \"%s\" matches, but none of its channels is configured: it goes to every one that is.\n",
               routed->route->name);
    else
        printf("Route \"%s\" matches.\n", routed->route->name);
}

static const char *why_not(const struct qmon_routed *routed, const struct qmon_sink *sink, enum qmon_channel channel,
                           const struct qmon_config *config, const struct qmon_event *event) {
    if (routed->too_mild >> channel & 1)
        return "no: it is less severe than this channel's least severity";
    if (sink->wants != NULL && !sink->wants(config, event))
        return "no: this channel is not for events of this kind";
    return "no: its route leads elsewhere";
}

static void say_channel(const struct qmon_routed *routed, enum qmon_channel channel, const struct qmon_config *config,
                        const struct qmon_event *event, uint64_t now_ms) {
    const struct qmon_sink *sink = qmon_sinks[channel];
    char until[QMON_WHEN_BYTES];

    if (!sink->configured(config))
        return;
    printf("  %-20s", sink->name);
    if (!(routed->channels >> channel & 1)) {
        puts(why_not(routed, sink, channel, config, event));
        return;
    }
    uint64_t until_ms = qmon_quiet_until(config->routing, channel, event->severity, now_ms);
    if (until_ms == 0)
        puts("yes");
    else
        printf("yes, after its quiet hours: %s\n", qmon__cli_local(until_ms, until, sizeof until));
}

static int explain(const char *json, const struct qmon_config *config) {
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json(json, strlen(json), &error);

    if (event == NULL) {
        fprintf(stderr, "qmon route: the stored event cannot be read: %s\n", error);
        return 1;
    }
    struct qmon_routed routed = qmon_route_of(event, config);
    printf("%s\n%s, %s", event->title != NULL ? event->title : event->id, qmon_kind_name(event->kind),
           qmon_severity_name(event->severity));
    if (event->service.name != NULL)
        printf(", service %s", event->service.name);
    if (event->service.stage != NULL)
        printf(", stage %s", event->service.stage);
    if (event->code != NULL)
        printf(", code %s", event->code);
    puts("\n");
    say_route(&routed);
    for (int i = 0; i < QMON_CHANNELS; i++)
        say_channel(&routed, (enum qmon_channel) i, config, event, qmon_real_ms());
    qmon_event_free(event);
    return 0;
}

static int run_route(int argc, char **argv) {
    struct qmon__cli_stored stored;
    struct qmon__cli_session session;
    int first, status = qmon__cli_parse(&qmon__cli_route, argc, argv, NULL, &first);

    if (status >= 0)
        return status;
    status = qmon__cli_session_open("route", &session);
    if (status != 0)
        return status;
    status = qmon__cli_find("route", &session, first < argc ? argv[first] : "latest", &stored);
    if (status == 0) {
        for (size_t i = 0; i < session.config->problem_count; i++)
            fprintf(stderr, "qmon route: %s\n", session.config->problems[i]);
        status = explain(stored.json, session.config);
        qmon__cli_stored_free(&stored);
    }
    qmon__cli_session_close(&session);
    return status;
}
