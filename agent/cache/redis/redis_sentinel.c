#include "redis_sentinel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "redis_connection.h"
#include "redis_problem.h"

/* ["10.0.0.7", "6379"], or nil. */
static int read_master(const struct qmon__reply *reply, struct qmon__redis_node *ret_master) {
    const struct qmon__reply *host, *port;
    unsigned long number;

    if (reply->type == QMON__REPLY_NIL)
        return -ENODEV;
    if (reply->type == QMON__REPLY_ERROR)
        return qmon__reply_error(reply);
    host = reply->type == QMON__REPLY_ARRAY && reply->count == 2 ? reply->items[0] : NULL;
    port = host != NULL ? reply->items[1] : NULL;
    if (host == NULL || port == NULL || host->type != QMON__REPLY_TEXT || port->type != QMON__REPLY_TEXT)
        return -EBADMSG;
    number = strtoul(port->text, NULL, 10);
    if (number == 0 || number > UINT16_MAX || host->text[0] == '\0' || strlen(host->text) >= sizeof ret_master->host)
        return -EBADMSG;
    strcpy(ret_master->host, host->text);
    ret_master->port = (uint16_t) number;
    return 0;
}

static int ask(const struct qmon__redis_address *address, const struct qmon__redis_node *sentinel, uint64_t deadline_ms,
               struct qmon__redis_node *ret_master, const char **ret_note) {
    const char *const arguments[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", address->service};
    struct qmon__redis_connection *connection;
    struct qmon__reply *reply;
    int r = qmon__redis_open(address, sentinel, QMON__REDIS_SENTINEL, deadline_ms, &connection, ret_note);

    if (r < 0)
        return r;
    r = qmon__redis_ask(connection, 3, arguments, deadline_ms, &reply);
    if (r == 0) {
        r = read_master(reply, ret_master);
        qmon__reply_free(reply);
    }
    qmon__redis_close(connection);
    return r;
}

int qmon__redis_find_master(const struct qmon__redis_address *address, uint64_t deadline_ms,
                            struct qmon__redis_node *ret_master, char *ret_problem, size_t bytes) {
    int r = -ENODEV;

    for (size_t i = 0; i < address->node_count; i++) {
        uint64_t left_ms = (uint64_t) qmon__redis_left_ms(deadline_ms);
        const char *note;
        char shown[160] = "the sentinel ";
        r = ask(address, &address->nodes[i], qmon_monotonic_ms() + left_ms / (address->node_count - i), ret_master,
                &note);
        if (r == 0)
            return 0;
        qmon__redis_node_show(&address->nodes[i], shown + strlen(shown), 128);
        qmon__redis_problem(ret_problem, bytes, address, shown, r, note);
    }
    return r;
}
