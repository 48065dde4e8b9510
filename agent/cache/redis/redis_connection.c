#include "redis_connection.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 24
#define RECEIVE_BYTES 4096

struct qmon__redis_connection {
    struct qmon__redis_transport *transport;
    struct qmon__reply_reader *reader;
    bool auth_pending; /* its reply comes before the next one */
};

void qmon__redis_close(struct qmon__redis_connection *connection) {
    if (connection == NULL)
        return;
    if (connection->transport != NULL)
        connection->transport->class->close(connection->transport);
    qmon__reply_reader_free(connection->reader);
    free(connection);
}

static int send_command(struct qmon__redis_connection *connection, int count, const char *const *arguments,
                        uint64_t deadline_ms) {
    const char *copies[ARGUMENTS_MAX];
    char *command;
    int bytes, r;

    memcpy(copies, arguments, (size_t) count * sizeof *copies);
    bytes = redisFormatCommandArgv(&command, count, copies, NULL);
    if (bytes < 0)
        return -ENOMEM;
    r = connection->transport->class->send(connection->transport, command, (size_t) bytes, deadline_ms);
    redisFreeCommand(command);
    return r;
}

static int receive_reply(struct qmon__redis_connection *connection, uint64_t deadline_ms,
                         struct qmon__reply **ret_reply) {
    struct qmon__redis_transport *transport = connection->transport;
    char data[RECEIVE_BYTES];
    int r;

    while ((r = qmon__reply_next(connection->reader, ret_reply)) == 0) {
        long received = transport->class->receive(transport, data, sizeof data, deadline_ms);
        if (received < 0)
            return (int) received;
        r = qmon__reply_feed(connection->reader, data, (size_t) received);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : 0;
}

/* The reply to AUTH that is still on its way. */
static int receive_auth(struct qmon__redis_connection *connection, uint64_t deadline_ms) {
    struct qmon__reply *reply;
    int r;

    if (!connection->auth_pending)
        return 0;
    r = receive_reply(connection, deadline_ms, &reply);
    if (r < 0)
        return r;
    connection->auth_pending = false;
    qmon__reply_free(reply);
    return 0;
}

int qmon__redis_ask(struct qmon__redis_connection *connection, int count, const char *const *arguments,
                    uint64_t deadline_ms, struct qmon__reply **ret_reply) {
    int r = qmon__reply_is_pending(connection->reader) ? -EBADMSG /* to no question of ours */
                                                       : send_command(connection, count, arguments, deadline_ms);

    if (r == 0)
        r = receive_auth(connection, deadline_ms);
    return r < 0 ? r : receive_reply(connection, deadline_ms, ret_reply);
}

/* All commands behind one another. 0 and *ret_text, to be freed; -ENOMEM. */
static int join_commands(size_t count, int arguments_each, const char *const *const *commands, char **ret_text,
                         size_t *ret_bytes) {
    const char *copies[ARGUMENTS_MAX];
    size_t used = 0, room = 0;
    char *text = NULL;

    for (size_t i = 0; i < count; i++) {
        char *command, *larger;
        memcpy(copies, commands[i], (size_t) arguments_each * sizeof *copies);
        int bytes = redisFormatCommandArgv(&command, arguments_each, copies, NULL);
        if (bytes < 0)
            break;
        if (used + (size_t) bytes > room) {
            room = (used + (size_t) bytes) * 2;
            larger = realloc(text, room);
            if (larger == NULL) {
                redisFreeCommand(command);
                break;
            }
            text = larger;
        }
        memcpy(text + used, command, (size_t) bytes);
        used += (size_t) bytes;
        redisFreeCommand(command);
        if (i + 1 == count) {
            *ret_text = text;
            *ret_bytes = used;
            return 0;
        }
    }
    free(text);
    return -ENOMEM;
}

size_t qmon__redis_ask_many(struct qmon__redis_connection *connection, size_t count, int arguments_each,
                            const char *const *const *commands, uint64_t deadline_ms, struct qmon__reply **ret_replies,
                            int *ret_error) {
    char *text = NULL;
    size_t bytes, got = 0;
    int r = qmon__reply_is_pending(connection->reader) ? -EBADMSG
                                                       : join_commands(count, arguments_each, commands, &text, &bytes);

    if (r == 0)
        r = connection->transport->class->send(connection->transport, text, bytes, deadline_ms);
    free(text);
    if (r == 0)
        r = receive_auth(connection, deadline_ms);
    while (r == 0 && got < count) {
        r = receive_reply(connection, deadline_ms, &ret_replies[got]);
        got += r == 0;
    }
    *ret_error = r;
    return got;
}

const char *qmon__redis_said(struct qmon__redis_connection *connection) {
    return connection->transport->class->said != NULL ? connection->transport->class->said(connection->transport)
                                                      : NULL;
}

static int send_auth(struct qmon__redis_connection *connection, const char *username, const char *password,
                     uint64_t deadline_ms) {
    const char *const arguments[] = {"AUTH", username, password};
    const char *const without_user[] = {"AUTH", password};
    bool with_user = username[0] != '\0';

    if (password[0] == '\0')
        return 0;
    connection->auth_pending = true;
    return send_command(connection, with_user ? 3 : 2, with_user ? arguments : without_user, deadline_ms);
}

static int select_database(struct qmon__redis_connection *connection, uint32_t database, uint64_t deadline_ms,
                           const char **ret_note) {
    char number[16];
    const char *const arguments[] = {"SELECT", number};
    struct qmon__reply *reply;
    int r;

    if (database == 0)
        return 0;
    snprintf(number, sizeof number, "%u", database);
    r = qmon__redis_ask(connection, 2, arguments, deadline_ms, &reply);
    if (r < 0)
        return r;
    if (reply->type == QMON__REPLY_ERROR) {
        r = qmon__reply_error(reply);
        *ret_note = "the database cannot be selected";
    }
    qmon__reply_free(reply);
    return r;
}

static int greet(struct qmon__redis_connection *connection, const struct qmon__redis_address *address,
                 enum qmon__redis_whom whom, uint64_t deadline_ms, const char **ret_note) {
    int r;

    if (whom == QMON__REDIS_SENTINEL)
        return send_auth(connection, address->sentinel_username, address->sentinel_password, deadline_ms);
    r = send_auth(connection, address->username, address->password, deadline_ms);
    return r < 0 ? r : select_database(connection, address->database, deadline_ms, ret_note);
}

int qmon__redis_open(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                     enum qmon__redis_whom whom, uint64_t deadline_ms, struct qmon__redis_connection **ret_connection,
                     const char **ret_note) {
    struct qmon__redis_connection *connection = calloc(1, sizeof *connection);
    int r;

    *ret_note = NULL;
    if (connection == NULL)
        return -ENOMEM;
    connection->reader = qmon__reply_reader_new();
    r = connection->reader == NULL ? -ENOMEM
                                   : qmon__redis_connect(address, node, deadline_ms, &connection->transport, ret_note);
    if (r == 0)
        r = greet(connection, address, whom, deadline_ms, ret_note);
    if (r < 0) {
        qmon__redis_close(connection);
        return r;
    }
    *ret_connection = connection;
    return 0;
}
