/*
 * slack_mock.h: answers of a Slack that knows one bot token and any webhook, for http_server_options.respond. A message that
 * slack_limits.h finds fault with is refused as Slack would refuse it.
 *   /api/chat.postMessage, /api/chat.update, /api/auth.test, /api/conversations.info    the web API; other methods: unknown_method
 *   /services/...                                                      an incoming webhook
 *   anything else                                                      "ok"
 */
#ifndef QMON_SLACK_MOCK_H
#define QMON_SLACK_MOCK_H

#include <stdatomic.h>

#include "http_server.h"

struct slack_mock {
    const char *token; /* NULL: any is right */
    bool not_a_member; /* of the channel that conversations.info is asked for */
    bool archived;
    bool no_scope_to_look;
    bool messages_gone; /* there is no thread to reply to and no message to update */
    bool now;           /* messages get the current time and a number of their own */
    atomic_uint messages;
};

char *slack_mock_respond(void *mock, const struct http_seen *request, int *ret_status);

#endif
