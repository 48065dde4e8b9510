/*
 * routing.h: which event goes to which channel, and when: "routes", "channels" and "quiet_hours" of QMON_CONFIG.
 *
 * ROUTES are looked at in their order. The first that an event matches says which channels get it, those that are configured;
 * with "continue" the next ones are looked at too, and add theirs. An event that matches none goes to every configured channel,
 * and so does one whose route names only channels that are not configured: no alert is lost to a mistake. A route with an empty
 * list of channels is meant so: what matches is told nowhere, and counted.
 */
#ifndef QMON_ROUTING_H
#define QMON_ROUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/config.h>
#include <qmon/event.h>

enum qmon_channel {
#define SINK(identifier, name, reader) QMON_CHANNEL_##identifier,
#include <qmon/sinks.def>
#undef SINK
    QMON_CHANNELS
};
typedef uint32_t qmon_channels; /* a set, by bit */
_Static_assert(QMON_CHANNELS <= 32, "a bit for each channel");

const char *qmon_channel_name(enum qmon_channel channel); /* static */
int qmon_channel_by_name(const char *name);               /* -1: there is none */
bool qmon_channel_is_for_people(enum qmon_channel channel);
bool qmon_channel_has_words(enum qmon_channel channel); /* made of an event, so that templates can make them */

enum qmon_route_field { /* matched by patterns; those that begin with '!' must not match */
                        QMON_ROUTE_SERVICE,
                        QMON_ROUTE_STAGE,
                        QMON_ROUTE_VERSION,
                        QMON_ROUTE_HOST,
                        QMON_ROUTE_CODE,     /* as shown or as its number, like QMON_IGNORED_ERROR_CODES */
                        QMON_ROUTE_FILE,     /* of the origin: source or module, path or base name */
                        QMON_ROUTE_ENDPOINT, /* with or without its query */
                        QMON_ROUTE_FIELDS
};
extern const char *const qmon_route_field_names[QMON_ROUTE_FIELDS];

struct qmon_route {
    char name[64];              /* as given, else "routes[2]" */
    uint32_t severities, kinds; /* sets, by bit */
    struct qmon_patterns patterns[QMON_ROUTE_FIELDS];
    qmon_channels channels;
    bool goes_on;
};

struct qmon_quiet_hours {
    unsigned from, to;        /* minutes of the day; from == to: all day */
    uint32_t days;            /* on which they begin; bit 0 is Sunday */
    char zone[64];            /* "Europe/Berlin"; "": that of the host */
    enum qmon_severity below; /* what is less severe waits */
    qmon_channels channels;
};

struct qmon_channel_limit { /* UINT64_MAX: as for the others */
    uint64_t alerts, window_s, burst;
};

struct qmon_routing { /* owned by the configuration */
    struct qmon_route *routes;
    size_t route_count;
    struct qmon_quiet_hours *quiet;
    size_t quiet_count;
    enum qmon_severity least[QMON_CHANNELS];
    qmon_channels has_least; /* those that it was said for */
    struct qmon_channel_limit limits[QMON_CHANNELS];
};

/* --- agent/pipeline/route.c --- */
struct qmon_routed {
    qmon_channels channels;         /* of those asked for */
    qmon_channels too_mild;         /* these want it more severe */
    const struct qmon_route *route; /* the first that matched; NULL none */
    bool muted;                     /* it is told nowhere because a route says so */
    bool stray;                     /* its routes name only channels that are not configured: it goes to all */
};
/* `configured`: the channels that there are. */
struct qmon_routed qmon_routed(const struct qmon_routing *routing, const struct qmon_event *event,
                               qmon_channels configured);
/* Does all that the route asks for hold of the event? What the event lacks is matched by no pattern; a code matches also
 * by the number that stands for it ("11" for SIGSEGV). */
bool qmon_route_matches(const struct qmon_route *route, const struct qmon_event *event);

/* How many alerts a channel takes; all zero: as many as there are. */
struct qmon_channel_limit qmon_limit_of(const struct qmon_config *config, enum qmon_channel channel);

/* --- agent/pipeline/quiet_hours.c --- */
/* Until when an event waits for this channel, ms since 1970; 0: it does not. Times are civil: a day with a change of the clock is
 * shorter or longer. */
uint64_t qmon_quiet_until(const struct qmon_routing *routing, enum qmon_channel channel, enum qmon_severity severity,
                          uint64_t now_ms);
/* Do its quiet hours follow each other through the whole week, so that it waits until it is given up? */
bool qmon_quiet_for_ever(const struct qmon_routing *routing, enum qmon_channel channel, enum qmon_severity severity,
                         uint64_t now_ms);
/* Is there such a time zone on this machine? */
bool qmon_zone_exists(const char *zone);

#endif
