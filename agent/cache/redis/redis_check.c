/*
 * redis_check.c: is Redis as it should be? For people: there is time, and every answer is looked at.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>
#include <qmon/clock.h>

#include "discovery.h"
#include "redis_check.h"
#include "redis_cluster.h"
#include "redis_problem.h"
#include "redis_question.h"
#include "redis_script.h"

#define CHECK_MS 3000u
#define DISCOVERY_MS 6000u

struct check {
    struct qmon__redis_address address;
    struct qmon__redis_route *route;
    uint64_t deadline_ms;
    char *reason;
    size_t bytes;
};

__attribute__((format(printf, 2, 3))) static void add(struct check *check, const char *format, ...) {
    size_t used = strlen(check->reason);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(check->reason + used, check->bytes - used, format, arguments);
    va_end(arguments);
}

static bool ask(struct check *check, const char *const *arguments, const char *const *whole, int count,
                struct qmon__reply **ret_reply) {
    struct qmon__redis_command command = {.key = arguments[count - 1], .count = count, .arguments = arguments};

    command.whole = whole;
    if (whole != NULL)
        command.key = arguments[3];
    return qmon__redis_route_ask(check->route, &command, check->deadline_ms, ret_reply, check->reason, check->bytes) ==
           0;
}

/* A decision as any other, of a key of our own, which is taken away again. */
static bool try_deciding(struct check *check) {
    const struct qmon_decision_request request = {.key = "qmon doctor", .limit = 1, .window_s = 1, .count = 1};
    struct qmon__redis_question question;
    struct qmon_decision decision;
    struct qmon__reply *reply;
    bool fine;

    qmon__redis_compose(&question, &request);
    if (!ask(check, question.whole, question.whole, QMON__QUESTION_ARGUMENTS, &reply))
        return false;
    fine = qmon__reply_decision(reply, &request, &decision) == 0;
    qmon__reply_free(reply);
    if (!fine) {
        qmon__redis_problem(check->reason, check->bytes, &check->address, qmon__redis_route_where(check->route),
                            -EBADMSG, NULL);
        return false;
    }
    if (ask(check, (const char *const[]){"DEL", question.key}, NULL, 2, &reply))
        qmon__reply_free(reply);
    check->reason[0] = '\0';
    return true;
}

/* A text of the server that has just decided, to be freed; NULL: it has none for us. */
static char *text_of(struct check *check, const char *command, const char *about) {
    struct qmon__redis_connection *connection = qmon__redis_route_connection(check->route);
    const char *const arguments[] = {command, about};
    struct qmon__reply *reply;
    char *text = NULL;

    if (connection == NULL ||
        qmon__redis_ask(connection, about != NULL ? 2 : 1, arguments, check->deadline_ms, &reply) < 0) {
        qmon__redis_route_distrust(check->route);
        return NULL;
    }
    if (reply->type == QMON__REPLY_TEXT)
        text = strdup(reply->whole != NULL ? reply->whole : reply->text);
    qmon__reply_free(reply);
    return text;
}

/* The value behind "name:" in a text of lines; "" where it is not there. */
static void field_of(const char *text, const char *name, char *ret_value, size_t bytes) {
    size_t length = strlen(name);

    ret_value[0] = '\0';
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            snprintf(ret_value, bytes, "%.*s", (int) strcspn(line + length + 1, "\r\n"), line + length + 1);
            break;
        }
    for (char *c = ret_value; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static double now_ms(void) {
    return (double) qmon_clock_ns(CLOCK_MONOTONIC) / 1e6;
}

static void tell_version(struct check *check) {
    char name[32] = "", version[32] = "", *text = text_of(check, "INFO", "server");

    if (text != NULL) {
        field_of(text, "valkey_version", version, sizeof version);
        strcpy(name, version[0] != '\0' ? "valkey" : "redis");
        if (version[0] == '\0')
            field_of(text, "redis_version", version, sizeof version);
    }
    add(check, "%s %s at %s", name[0] != '\0' ? name : "redis", version[0] != '\0' ? version : "of unknown version",
        qmon__redis_route_where(check->route));
    if (check->address.tls)
        add(check, " by TLS");
    free(text);
}

static void tell_latency(struct check *check) {
    double least = 1e9;

    for (int i = 0; i < 3; i++) {
        double before = now_ms();
        char *text = text_of(check, "PING", NULL);
        double took = now_ms() - before;
        if (text != NULL && took < least)
            least = took;
        free(text);
    }
    if (least < 1e9)
        add(check, ", %.1f ms", least);
}

struct census {
    unsigned masters, replicas;
    struct qmon__redis_node last;
};

static void take_census(void *context, const struct qmon__redis_range *range) {
    struct census *census = context;

    if (range->first <= range->last) /* of a master that has been counted already */
        return;
    census->masters += range->master;
    census->replicas += !range->master;
}

/* False: the cluster says that it does not work. */
static bool tell_cluster(struct check *check) {
    struct census census = {0};
    char state[16] = "", *nodes = text_of(check, "CLUSTER", "NODES"), *info = text_of(check, "CLUSTER", "INFO");

    if (nodes != NULL)
        qmon__redis_read_nodes(nodes, false, take_census, &census);
    if (info != NULL)
        field_of(info, "cluster_state", state, sizeof state);
    add(check, ", in a cluster of %u masters and %u replicas, state %s", census.masters, census.replicas,
        state[0] != '\0' ? state : "unknown");
    free(nodes);
    free(info);
    return strcmp(state, "fail") != 0;
}

static void tell_replication(struct check *check) {
    char replicas[16] = "", *text = text_of(check, "INFO", "replication");

    if (text != NULL)
        field_of(text, "connected_slaves", replicas, sizeof replicas);
    add(check, ", the master of %s by its sentinel, with %s replicas", check->address.service,
        replicas[0] != '\0' ? replicas : "unknown");
    free(text);
}

static bool is_cluster_member(struct check *check) {
    char enabled[8] = "", *text = text_of(check, "INFO", "cluster");

    if (text != NULL)
        field_of(text, "cluster_enabled", enabled, sizeof enabled);
    free(text);
    return strcmp(enabled, "1") == 0;
}

static bool examine(struct check *check) {
    if (!try_deciding(check))
        return false;
    tell_version(check);
    tell_latency(check);
    if (check->address.sentinel)
        tell_replication(check);
    else if (is_cluster_member(check))
        return tell_cluster(check);
    return true;
}

bool qmon__redis_check_at(struct qmon__redis_address *address, char *ret_reason, size_t bytes) {
    struct check check = {.address = *address,
                          .reason = ret_reason,
                          .bytes = bytes,
                          .deadline_ms = qmon_monotonic_ms() + CHECK_MS,
                          .route = qmon__redis_route_new(address)};
    bool fine = false;

    ret_reason[0] = '\0';
    if (check.route == NULL)
        snprintf(ret_reason, bytes, "out of memory");
    else
        fine = examine(&check);
    qmon__redis_route_free(check.route);
    return fine;
}

bool qmon_cache_redis_check(const struct qmon_config *config, char *ret_reason, size_t bytes) {
    struct qmon__redis_address address;
    char why[QMON__REDIS_WHY_BYTES];
    int r = qmon__redis_address_of(config, &address, why);
    bool fine;

    if (r != 0) {
        snprintf(ret_reason, bytes, "%s%s", r == -EINVAL ? "REDIS_URL " : "",
                 r == 1         ? "not configured"
                 : r == -EINVAL ? why
                                : "out of memory");
        return false;
    }
    fine = qmon__redis_check_at(&address, ret_reason, bytes);
    qmon__redis_address_clear(&address);
    return fine;
}

static const char *why_not(const struct qmon_config *config) {
    if (config->stage[0] == '\0')
        return "not looked for in AWS: no stage is set";
    if (strcmp(config->ssm_prefix, "off") == 0)
        return "not looked for in AWS: QMON_SSM_PREFIX is off";
    return "not looked for in AWS: there are no credentials, or QMON_SSM_PREFIX and the stage make no parameter's name";
}

int qmon_cache_discovery_check(const struct qmon_config *config, char *ret_reason, size_t bytes, char *ret_redis,
                               size_t redis_bytes, bool *ret_redis_fine) {
    struct qmon__redis_address address;
    char how[400], why[QMON__REDIS_WHY_BYTES];
    struct qmon__discovery discovery;
    struct qmon__place place;
    int r;

    if (!qmon__discovery_of(config, &discovery)) {
        snprintf(ret_reason, bytes, "%s", why_not(config));
        return 0;
    }
    r = qmon__discovery_ask(&discovery, DISCOVERY_MS, &place, how, sizeof how);
    if (r < 0) {
        bool same = strcmp(how, place.problem) == 0;
        snprintf(ret_reason, bytes, "%s%s%s%s", place.problem, same ? "" : " (", same ? "" : how, same ? "" : ")");
        return r;
    }
    snprintf(ret_reason, bytes, "%s/endpoint was read with the %s", discovery.prefix, how);
    *ret_redis_fine = false;
    r = qmon__redis_address_without_place(config, &address);
    if (r < 0)
        return r;
    r = qmon__redis_address_point(&address, place.where, place.port, why);
    if (r < 0)
        snprintf(ret_redis, redis_bytes, "the parameter %s/endpoint %s", discovery.prefix, why);
    else
        *ret_redis_fine = qmon__redis_check_at(&address, ret_redis, redis_bytes);
    qmon__redis_address_clear(&address);
    return 1;
}
