/* redis_route_many.c: several questions in one round trip. */
#include "redis_route_inside.h"

/* Those that go to `who`. A member that has no connection yet, or a kept
 * one that turns out to be closed, is left to qmon__redis_route_ask. */
static void ask_share(struct qmon__redis_route *route, int who, const struct qmon__redis_command *const *commands,
                      const size_t *which, size_t count, uint64_t deadline_ms, struct qmon__reply **ret_replies) {
    struct qmon__member *member = &route->members[who];
    const char *const *arguments[QMON_DECISIONS_MAX];
    struct qmon__reply *replies[QMON_DECISIONS_MAX];
    int error;
    size_t got;

    for (size_t i = 0; i < count; i++)
        arguments[i] = commands[which[i]]->arguments;
    got = qmon__redis_ask_many(member->connection, count, commands[which[0]]->count, arguments, deadline_ms, replies,
                               &error);
    for (size_t i = 0; i < got; i++) {
        if (replies[i]->type == QMON__REPLY_ERROR) {
            qmon__reply_free(replies[i]);
            continue;
        }
        ret_replies[which[i]] = replies[i];
        route->last = who;
    }
    if (error < 0)
        qmon__redis_hang_up(member);
}

void qmon__redis_route_ask_many(struct qmon__redis_route *route, const struct qmon__redis_command *const *commands,
                                size_t count, uint64_t deadline_ms, struct qmon__reply **ret_replies) {
    int whose[QMON_DECISIONS_MAX];

    route->round++;
    for (size_t i = 0; i < count; i++) {
        ret_replies[i] = NULL;
        whose[i] = qmon__redis_keeper(route, commands[i]->key);
    }
    for (int who = 0; who < route->count; who++) {
        size_t which[QMON_DECISIONS_MAX], share = 0;
        for (size_t i = 0; i < count; i++)
            if (whose[i] == who)
                which[share++] = i;
        if (share > 0 && route->members[who].connection != NULL)
            ask_share(route, who, commands, which, share, deadline_ms, ret_replies);
    }
}
