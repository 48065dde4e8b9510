/* route.c: which channels an event goes to. See qmon/routing.h. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include <qmon/routing.h>
#include <qmon/text.h>

#include "internal.h"

static const char *const names[QMON_CHANNELS] = {
#define SINK(identifier, name, reader) name,
#include <qmon/sinks.def>
#undef SINK
};

enum reader { MACHINE, MONITOR, PEOPLE };
static const enum reader readers[QMON_CHANNELS] = {
#define SINK(identifier, name, reader) reader,
#include <qmon/sinks.def>
#undef SINK
};

const char *const qmon_route_field_names[QMON_ROUTE_FIELDS] = {"service", "stage", "version", "host",
                                                               "code",    "file",  "endpoint"};

const char *qmon_channel_name(enum qmon_channel channel) {
    return names[channel];
}

int qmon_channel_by_name(const char *name) {
    for (int i = 0; i < QMON_CHANNELS; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

bool qmon_channel_is_for_people(enum qmon_channel channel) {
    return readers[channel] == PEOPLE;
}

bool qmon_channel_has_words(enum qmon_channel channel) {
    return readers[channel] != MACHINE;
}

#define TEXTS 5

/* What a field says, in each way in which it may be meant. */
struct said {
    const char *texts[TEXTS];
    char number[QMON__CODE_BYTES], path[512];
};

static void say_code(const struct qmon_event *event, struct said *said) {
    said->texts[0] = event->code;
    qmon__code_number(event, said->number);
    said->texts[1] = said->number;
}

static void say_file(const struct qmon_event *event, struct said *said) {
    if (event->thread_count == 0 || event->origin >= event->threads[0].frame_count) {
        said->texts[0] = event->process.executable;
        said->texts[1] = qmon_base_name(event->process.executable);
        return;
    }
    const struct qmon_frame *frame = &event->threads[0].frames[event->origin];
    said->texts[0] = frame->file;
    said->texts[1] = qmon_base_name(frame->file);
    said->texts[2] = frame->module;
    said->texts[3] = qmon_base_name(frame->module);
}

static void say_endpoint(const struct qmon_event *event, struct said *said) {
    const char *endpoint = event->report.endpoint;
    said->texts[0] = endpoint;
    if (endpoint == NULL)
        return;
    snprintf(said->path, sizeof said->path, "%.*s", (int) strcspn(endpoint, "?#"), endpoint);
    said->texts[1] = said->path;
}

static void say(const struct qmon_event *event, enum qmon_route_field field, struct said *said) {
    *said = (struct said){0};
    switch (field) {
    case QMON_ROUTE_SERVICE:
        said->texts[0] = event->service.name;
        break;
    case QMON_ROUTE_STAGE:
        said->texts[0] = event->service.stage;
        break;
    case QMON_ROUTE_VERSION:
        said->texts[0] = event->service.version;
        break;
    case QMON_ROUTE_HOST:
        said->texts[0] = event->host.name;
        break;
    case QMON_ROUTE_CODE:
        say_code(event, said);
        break;
    case QMON_ROUTE_FILE:
        say_file(event, said);
        break;
    default:
        say_endpoint(event, said);
    }
}

static bool matches_one(const char *pattern, const struct said *said) {
    for (size_t i = 0; i < TEXTS; i++)
        if (said->texts[i] != NULL && said->texts[i][0] != '\0' && fnmatch(pattern, said->texts[i], 0) == 0)
            return true;
    return false;
}

/* One of those that must match does, if there are any, and none of those that must not. */
static bool matches(const struct qmon_patterns *patterns, const struct said *said) {
    bool wanted = false, found = false;

    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->items[i];
        if (pattern[0] == '!') {
            if (matches_one(pattern + 1, said))
                return false;
        } else {
            wanted = true;
            found |= matches_one(pattern, said);
        }
    }
    return found || !wanted;
}

bool qmon_route_matches(const struct qmon_route *route, const struct qmon_event *event) {
    if (!(route->severities >> event->severity & 1) || !(route->kinds >> event->kind & 1))
        return false;
    for (enum qmon_route_field field = 0; field < QMON_ROUTE_FIELDS; field++) {
        struct said said;
        if (route->patterns[field].count == 0)
            continue;
        say(event, field, &said);
        if (!matches(&route->patterns[field], &said))
            return false;
    }
    return true;
}

/* The end of a problem is for those who were told of the problem, however severe that was. */
static qmon_channels too_mild_for(const struct qmon_routing *routing, const struct qmon_event *event) {
    qmon_channels channels = 0;

    for (unsigned i = 0; i < QMON_CHANNELS && event->lifecycle.problem == NULL; i++)
        if (event->severity < routing->least[i])
            channels |= (qmon_channels) 1 << i;
    return channels;
}

struct qmon_routed qmon_routed(const struct qmon_routing *routing, const struct qmon_event *event,
                               qmon_channels configured) {
    struct qmon_routed routed = {.channels = configured};
    qmon_channels named = 0;
    bool goes_on = true;

    if (routing == NULL)
        return routed;
    for (size_t i = 0; goes_on && i < routing->route_count; i++) {
        const struct qmon_route *route = &routing->routes[i];
        if (!qmon_route_matches(route, event))
            continue;
        if (routed.route == NULL)
            routed.route = route;
        named |= route->channels;
        goes_on = route->goes_on;
    }
    if (routed.route != NULL && (named & configured) != 0)
        routed.channels = named & configured;
    else if (routed.route != NULL && named == 0)
        routed.channels = 0;
    routed.muted = routed.channels == 0 && configured != 0;
    routed.stray = named != 0 && (named & configured) == 0;
    routed.too_mild = routed.channels & too_mild_for(routing, event);
    routed.channels &= ~routed.too_mild;
    return routed;
}

struct qmon_channel_limit qmon_limit_of(const struct qmon_config *config, enum qmon_channel channel) {
    static const struct qmon_channel_limit unset = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    const struct qmon_channel_limit own = config->routing != NULL ? config->routing->limits[channel] : unset;
    bool people = qmon_channel_is_for_people(channel);
    struct qmon_channel_limit limit = {.window_s = own.window_s != UINT64_MAX ? own.window_s : config->limit_window_s};

    limit.alerts = own.alerts != UINT64_MAX ? own.alerts : people ? config->limit_alerts : 0;
    limit.burst = own.burst != UINT64_MAX ? own.burst : people ? config->limit_burst : 0;
    return limit;
}
