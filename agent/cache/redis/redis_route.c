/*
 * redis_route.c: keeps one connection to each member that it has had to do with.
 *
 * A question goes to the member that is known to keep its slot, else to the one that answered last, else to the next one that
 * has not failed in this round. Answers that send it elsewhere (MOVED, ASK) are followed. Who fails is passed over for the
 * rest of the round: a frozen master costs its share of the time once, and a promoted replica is found by whoever knows it.
 * A round ends with an answer, with nobody left to ask, or with its deadline.
 *
 * That there is a cluster is not configured: the first MOVED says so. Then one CLUSTER NODES tells all its members and
 * slots, so that they are found when the one that was configured is gone. Its being out of date costs a redirection.
 */
#include "redis_route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/clock.h>

#include "redis_cluster.h"
#include "redis_problem.h"
#include "redis_route_inside.h"
#include "redis_sentinel.h"

#define TURNS_MAX 12
#define LEAST_MS 50u

struct turn { /* what a round is about */
    struct qmon__redis_route *route;
    const struct qmon__redis_command *command;
    unsigned slot;
    uint64_t deadline_ms;
    int next;    /* whom to ask; QMON__REDIS_NOBODY: to be chosen */
    int error;   /* of the last one that failed; 0 none yet */
    bool over;   /* nobody else is to be asked */
    bool asking; /* the next one is to be told that it was named by ASK */
    bool named;  /* the sentinels have been asked in this round */
    char *problem;
    size_t bytes;
};

/* The member's index; the last one gives way where there is no room. */
static int member_of(struct qmon__redis_route *route, const struct qmon__redis_node *node) {
    struct qmon__member *member;

    for (int i = 0; i < route->count; i++)
        if (route->members[i].node.port == node->port && strcmp(route->members[i].node.host, node->host) == 0)
            return i;
    if (route->count < QMON__REDIS_MEMBERS_MAX)
        route->count++;
    member = &route->members[route->count - 1];
    qmon__redis_close(member->connection);
    *member = (struct qmon__member){.node = *node};
    return route->count - 1;
}

struct qmon__redis_route *qmon__redis_route_new(const struct qmon__redis_address *address) {
    struct qmon__redis_route *route = calloc(1, sizeof *route);

    if (route == NULL)
        return NULL;
    route->address = address;
    route->last = QMON__REDIS_NOBODY;
    if (address->path != NULL)
        route->count = 1;
    for (size_t i = 0; address->path == NULL && !address->sentinel && i < address->node_count; i++)
        member_of(route, &address->nodes[i]);
    return route;
}

void qmon__redis_route_free(struct qmon__redis_route *route) {
    if (route == NULL)
        return;
    for (int i = 0; i < route->count; i++)
        qmon__redis_close(route->members[i].connection);
    free(route);
}

void qmon__redis_hang_up(struct qmon__member *member) {
    qmon__redis_close(member->connection);
    member->connection = NULL;
}

static const char *where_is(const struct qmon__redis_route *route, const struct qmon__member *member, char *text,
                            size_t bytes) {
    if (route->address->path != NULL)
        return route->address->shown;
    qmon__redis_node_show(&member->node, text, bytes);
    return text;
}

static void fail(struct turn *turn, int who, int error, const char *said) {
    struct qmon__member *member = &turn->route->members[who];
    char where[160];

    qmon__redis_problem(turn->problem, turn->bytes, turn->route->address,
                        where_is(turn->route, member, where, sizeof where), error, said);
    qmon__redis_hang_up(member);
    member->failed = turn->route->round;
    if (turn->route->keeper[turn->slot] == who + 1)
        turn->route->keeper[turn->slot] = 0;
    if (turn->route->last == who)
        turn->route->last = QMON__REDIS_NOBODY;
    turn->error = error;
}

static bool has_failed(const struct qmon__redis_route *route, int who) {
    return route->members[who].failed == route->round;
}

/* --- whom to ask --- */

static int master_by_sentinels(struct turn *turn) {
    struct qmon__redis_node master;
    int r, who;

    if (turn->named) /* they have been asked, and who they named has failed */
        return QMON__REDIS_NOBODY;
    turn->named = true;
    r = qmon__redis_find_master(turn->route->address, turn->deadline_ms, &master, turn->problem, turn->bytes);
    if (r < 0) {
        turn->error = r;
        return QMON__REDIS_NOBODY;
    }
    who = member_of(turn->route, &master);
    return has_failed(turn->route, who) ? QMON__REDIS_NOBODY : who;
}

static int choose(struct turn *turn) {
    struct qmon__redis_route *route = turn->route;
    int keeper = route->keeper[turn->slot] - 1;

    if (route->cluster && keeper >= 0 && !has_failed(route, keeper))
        return keeper;
    if (route->last != QMON__REDIS_NOBODY && !has_failed(route, route->last))
        return route->last;
    if (route->address->sentinel)
        return master_by_sentinels(turn);
    for (int who = 0; who < route->count; who++)
        if (!has_failed(route, who))
            return who;
    return QMON__REDIS_NOBODY;
}

int qmon__redis_keeper(struct qmon__redis_route *route, const char *key) {
    struct turn turn = {.route = route, .slot = qmon__redis_slot(key), .named = true};

    return choose(&turn);
}

/* --- one member --- */

/* Where others may know better, one that says nothing is not waited for until the end. */
static uint64_t share_of(const struct turn *turn) {
    uint64_t left_ms = (uint64_t) qmon__redis_left_ms(turn->deadline_ms), share_ms = left_ms / 2;

    if (turn->route->count < 2 && !turn->route->address->sentinel)
        return turn->deadline_ms;
    if (share_ms < LEAST_MS)
        share_ms = left_ms < LEAST_MS ? left_ms : LEAST_MS;
    return qmon_monotonic_ms() + share_ms;
}

static int ensure_connection(struct turn *turn, struct qmon__member *member, uint64_t deadline_ms,
                             const char **ret_said) {
    const struct qmon__redis_address *address = turn->route->address;

    if (member->connection != NULL)
        return 0;
    return qmon__redis_open(address, address->path != NULL ? NULL : &member->node, QMON__REDIS_DATA, deadline_ms,
                            &member->connection, ret_said);
}

static bool says(const struct qmon__reply *reply, const char *word) {
    const char *text = reply->text + (reply->text[0] == '-');

    return reply->type == QMON__REPLY_ERROR && strncmp(text, word, strlen(word)) == 0;
}

static int put_command(struct turn *turn, struct qmon__member *member, uint64_t deadline_ms,
                       struct qmon__reply **ret_reply, const char **ret_said) {
    const struct qmon__redis_command *command = turn->command;
    const char *const *arguments = command->arguments;
    struct qmon__reply *reply;
    int r = 0;

    for (;;) {
        if (turn->asking) {
            r = qmon__redis_ask(member->connection, 1, (const char *const[]){"ASKING"}, deadline_ms, &reply);
            if (r == 0)
                qmon__reply_free(reply);
        }
        if (r == 0)
            r = qmon__redis_ask(member->connection, command->count, arguments, deadline_ms, &reply);
        if (r < 0) {
            *ret_said = qmon__redis_said(member->connection);
            return r;
        }
        if (!says(reply, "NOSCRIPT ") || arguments == command->whole || command->whole == NULL)
            break;
        qmon__reply_free(reply);
        arguments = command->whole;
    }
    *ret_reply = reply;
    return 0;
}

static bool was_closed_by_the_other_side(int error) {
    return error == -ECONNRESET || error == -EPIPE || error == -ENOTCONN;
}

/* A connection that was kept may have been closed in the meantime, which shows only when it is used: then once more. */
static int converse(struct turn *turn, struct qmon__member *member, struct qmon__reply **ret_reply,
                    const char **ret_said) {
    uint64_t deadline_ms = share_of(turn);

    for (;;) {
        bool kept = member->connection != NULL;
        int r = ensure_connection(turn, member, deadline_ms, ret_said);
        if (r == 0)
            r = put_command(turn, member, deadline_ms, ret_reply, ret_said);
        if (!kept || !was_closed_by_the_other_side(r))
            return r;
        qmon__redis_hang_up(member);
    }
}

/* --- a cluster --- */

static void learn_range(void *context, const struct qmon__redis_range *range) {
    struct qmon__redis_route *route = context;
    int who = member_of(route, &range->node);

    for (unsigned slot = range->first; slot <= range->last; slot++)
        route->keeper[slot] = (uint8_t) (who + 1);
}

/* By the member that knows itself to be of a cluster. Where it does not answer, the redirections will do. */
static void learn_cluster(struct turn *turn, struct qmon__member *member) {
    struct qmon__redis_route *route = turn->route;
    struct qmon__reply *reply;

    if (route->mapped || member->connection == NULL)
        return;
    route->mapped = true;
    if (qmon__redis_ask(member->connection, 2, (const char *const[]){"CLUSTER", "NODES"}, share_of(turn), &reply) < 0) {
        qmon__redis_hang_up(member);
        return;
    }
    if (reply->type == QMON__REPLY_TEXT)
        qmon__redis_read_nodes(reply->whole != NULL ? reply->whole : reply->text, route->address->tls, learn_range,
                               route);
    qmon__reply_free(reply);
}

static void follow(struct turn *turn, int who, const struct qmon__reply *reply) {
    struct qmon__redis_route *route = turn->route;
    struct qmon__redis_node node;
    bool ask;

    if (route->address->path != NULL || !qmon__redis_redirection(reply->text, &route->members[who].node, &ask, &node)) {
        fail(turn, who, -EREMCHG, reply->text);
        turn->over = true;
        return;
    }
    route->cluster = true;
    if (!ask)
        learn_cluster(turn, &route->members[who]);
    turn->next = member_of(route, &node);
    turn->asking = ask;
    if (!ask)
        route->keeper[turn->slot] = (uint8_t) (turn->next + 1);
    turn->over = has_failed(route, turn->next); /* sent back to who does not answer */
}

/* --- a round --- */

static void pause_a_little(void) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void take_error(struct turn *turn, int who, const struct qmon__reply *reply) {
    int error = qmon__reply_error(reply);

    if (error == -EREMCHG) {
        follow(turn, who, reply);
    } else if (says(reply, "TRYAGAIN")) { /* of a slot that is being moved */
        pause_a_little();
        turn->next = who;
    } else {
        if (error == -ENOENT) /* it does not even know the script that it was just sent */
            error = -EPROTO;
        fail(turn, who, error, reply->text);
        turn->over = error != -EROFS && error != -EBUSY; /* else another one may be the master by now */
    }
}

/* True when the question is answered. */
static bool ask_member(struct turn *turn, int who, struct qmon__reply **ret_reply) {
    const char *said = NULL;
    int r = converse(turn, &turn->route->members[who], ret_reply, &said);

    turn->asking = false;
    turn->next = QMON__REDIS_NOBODY;
    if (r < 0) {
        fail(turn, who, r, said);
        turn->over = r == -ENOMEM || r == -EACCES;
        return false;
    }
    if ((*ret_reply)->type == QMON__REPLY_ERROR) {
        take_error(turn, who, *ret_reply);
        qmon__reply_free(*ret_reply);
        return false;
    }
    turn->route->last = who;
    return true;
}

int qmon__redis_route_ask(struct qmon__redis_route *route, const struct qmon__redis_command *command,
                          uint64_t deadline_ms, struct qmon__reply **ret_reply, char *ret_problem, size_t bytes) {
    struct turn turn = {.route = route,
                        .command = command,
                        .slot = qmon__redis_slot(command->key),
                        .deadline_ms = deadline_ms,
                        .next = QMON__REDIS_NOBODY,
                        .problem = ret_problem,
                        .bytes = bytes};

    route->round++;
    for (int i = 0; i < TURNS_MAX && !turn.over; i++) {
        int who = turn.next != QMON__REDIS_NOBODY ? turn.next : choose(&turn);
        if (who == QMON__REDIS_NOBODY)
            break;
        if (ask_member(&turn, who, ret_reply))
            return 0;
        turn.over |= qmon__redis_left_ms(deadline_ms) == 0;
    }
    if (turn.error == 0) /* sent from one to the other until the end */
        fail(&turn, turn.next != QMON__REDIS_NOBODY ? turn.next : 0, -EREMCHG, NULL);
    return turn.error;
}

/* --- about the last answer --- */

const char *qmon__redis_route_where(struct qmon__redis_route *route) {
    return route->last == QMON__REDIS_NOBODY
               ? route->address->shown
               : where_is(route, &route->members[route->last], route->where, sizeof route->where);
}

struct qmon__redis_connection *qmon__redis_route_connection(struct qmon__redis_route *route) {
    return route->last == QMON__REDIS_NOBODY ? NULL : route->members[route->last].connection;
}

bool qmon__redis_route_is_cluster(const struct qmon__redis_route *route) {
    return route->cluster;
}

void qmon__redis_route_distrust(struct qmon__redis_route *route) {
    if (route->last != QMON__REDIS_NOBODY)
        qmon__redis_hang_up(&route->members[route->last]);
    route->last = QMON__REDIS_NOBODY;
}
