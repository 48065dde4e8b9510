/* routing_routes.c: "routes" of the JSON file. See routing_read.h. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing_read.h"
#include "value.h"

#define ROUTES_MAX 256u

#define ALL_SEVERITIES 0xfu
#define ALL_KINDS 0xfu

/* --- what a route matches --- */

static void take_severity(struct qmon__reading *reading, const char *text, void *context) {
    uint32_t *severities = context;
    int severity = qmon__reading_severity(reading, text);

    if (severity >= 0)
        *severities |= 1u << severity;
}

static void take_kind(struct qmon__reading *reading, const char *text, void *context) {
    uint32_t *kinds = context;
    char shown[QMON__QUOTED_BYTES];

    for (int kind = 0; qmon_kind_name((enum qmon_kind) kind) != NULL; kind++)
        if (strcmp(qmon_kind_name((enum qmon_kind) kind), text) == 0) {
            *kinds |= 1u << kind;
            return;
        }
    qmon__reading_problem(reading, "\"%s\" is no kind: crash, exit, error or lifecycle",
                          qmon__printable(text, strlen(text), shown, sizeof shown));
}

static void take_pattern(struct qmon__reading *reading, const char *text, void *context) {
    char why[QMON__WHY_BYTES];

    if (text[0] == '\0' || strcmp(text, "!") == 0)
        qmon__reading_problem(reading, "is empty");
    else if (qmon__list_add(context, text, strlen(text), why) < 0)
        qmon__reading_problem(reading, "%s", why);
}

static void read_least(struct qmon__reading *reading, struct json_object *value, struct qmon_route *route) {
    const char *text = qmon__reading_text(reading, value);
    int severity = text != NULL ? qmon__reading_severity(reading, text) : -1;

    if (severity >= 0)
        route->severities &= ALL_SEVERITIES << severity;
}

static void read_condition(struct qmon__reading *reading, const char *name, struct json_object *value,
                           struct qmon_route *route) {
    static const char *const known[] = {"severity", "min_severity", "kind", "service", "stage",
                                        "version",  "host",         "code", "file",    "endpoint"};
    uint32_t set = 0;

    if (json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0) {
        qmon__reading_problem(reading, "is an empty list, which nothing could match");
        return;
    }
    if (strcmp(name, "severity") == 0) {
        qmon__reading_texts(reading, value, take_severity, &set);
        route->severities &= set;
    } else if (strcmp(name, "min_severity") == 0) {
        read_least(reading, value, route);
    } else if (strcmp(name, "kind") == 0) {
        qmon__reading_texts(reading, value, take_kind, &set);
        route->kinds = set;
    } else {
        for (int field = 0; field < QMON_ROUTE_FIELDS; field++)
            if (strcmp(qmon_route_field_names[field], name) == 0) {
                qmon__reading_texts(reading, value, take_pattern, &route->patterns[field]);
                return;
            }
        qmon__reading_unknown(reading, known, sizeof known / sizeof known[0]);
    }
}

static void read_match(struct qmon__reading *reading, struct json_object *match, struct qmon_route *route) {
    if (!json_object_is_type(match, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }");
        return;
    }
    json_object_object_foreach(match, name, value) {
        qmon__reading_enter(reading, name);
        read_condition(reading, name, value, route);
        qmon__reading_leave(reading);
    }
}

/* --- the route --- */

static void read_member(struct qmon__reading *reading, const char *name, struct json_object *value,
                        struct qmon_route *route) {
    static const char *const known[] = {"name", "match", "channels", "continue"};
    const char *text;

    if (strcmp(name, "match") == 0) {
        read_match(reading, value, route);
    } else if (strcmp(name, "name") == 0) {
        text = qmon__reading_text(reading, value);
        if (text != NULL && text[0] != '\0')
            qmon__printable(text, strlen(text), route->name, sizeof route->name);
    } else if (strcmp(name, "continue") == 0) {
        if (json_object_is_type(value, json_type_boolean))
            route->goes_on = json_object_get_boolean(value);
        else
            qmon__reading_problem(reading, "is neither true nor false");
    } else if (strcmp(name, "channels") != 0) { /* read last */
        qmon__reading_unknown(reading, known, sizeof known / sizeof known[0]);
    }
}

/* Names that are none are left out, and the others still count. False: there is none left, though there should be one. */
static bool read_channels(struct qmon__reading *reading, struct json_object *route, qmon_channels *ret_channels) {
    struct json_object *value;
    unsigned before = reading->problems;

    if (!json_object_object_get_ex(route, "channels", &value)) {
        qmon__reading_problem(reading, "says no channels; an empty list would be nowhere");
        return false;
    }
    qmon__reading_enter(reading, "channels");
    *ret_channels = qmon__reading_channels(reading, value);
    qmon__reading_leave(reading);
    return reading->problems == before || *ret_channels != 0;
}

/* A condition that was not understood would make the route match more than was meant, so it is left out as a whole. */
static bool read_route(struct qmon__reading *reading, struct json_object *value, struct qmon_route *route) {
    unsigned before = reading->problems;

    if (!json_object_is_type(value, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }");
        return false;
    }
    json_object_object_foreach(value, name, member) {
        qmon__reading_enter(reading, name);
        read_member(reading, name, member, route);
        qmon__reading_leave(reading);
    }
    return reading->problems == before && read_channels(reading, value, &route->channels);
}

static void forget(struct qmon_route *route) {
    for (int field = 0; field < QMON_ROUTE_FIELDS; field++)
        qmon__list_clear(&route->patterns[field]);
}

static void read_one(struct qmon__reading *reading, struct json_object *value, size_t index) {
    struct qmon_routing *routing = reading->config->routing;
    struct qmon_route *route = &routing->routes[routing->route_count];

    *route = (struct qmon_route){.severities = ALL_SEVERITIES, .kinds = ALL_KINDS};
    snprintf(route->name, sizeof route->name, "routes[%zu]", index);
    qmon__reading_enter_item(reading, index);
    if (read_route(reading, value, route)) {
        routing->route_count++;
    } else {
        forget(route);
        qmon__reading_problem(reading, "this route is left out");
    }
    qmon__reading_leave(reading);
}

void qmon__read_routes(struct qmon__reading *reading, struct json_object *value) {
    size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

    if (!json_object_is_type(value, json_type_array)) {
        qmon__reading_problem(reading, "is not a list [ ... ]; left out");
        return;
    }
    if (count > ROUTES_MAX) {
        qmon__reading_problem(reading, "has more than %u routes; the rest is left out", ROUTES_MAX);
        count = ROUTES_MAX;
    }
    reading->config->routing->routes = calloc(count + 1, sizeof *reading->config->routing->routes);
    reading->no_memory |= reading->config->routing->routes == NULL;
    for (size_t i = 0; !reading->no_memory && i < count; i++)
        read_one(reading, json_object_array_get_idx(value, i), i);
}
