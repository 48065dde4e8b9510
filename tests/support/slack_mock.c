#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "slack_limits.h"
#include "slack_mock.h"

static char *error(const char *code, const char *detail) {
    char *answer = NULL;

    if (asprintf(&answer, "{\"ok\":false,\"error\":\"%s\",\"response_metadata\":{\"messages\":[\"%s\"]}}", code,
                 detail) < 0)
        return NULL;
    return answer;
}

static char *message_made(struct slack_mock *mock) {
    char *answer = NULL;
    long seconds = mock->now ? time(NULL) : 1732104241;
    unsigned number = mock->now ? atomic_fetch_add(&mock->messages, 1) : 0;

    if (asprintf(&answer, "{\"ok\":true,\"channel\":\"C012AB3CD\",\"ts\":\"%ld.%06u\",\"message\":{}}", seconds,
                 100 + number) < 0)
        return NULL;
    return answer;
}

static char *post_message(struct slack_mock *mock, const struct http_seen *request, bool update) {
    char problem[256] = "";

    if (mock->messages_gone && (update || strstr(request->body, "\"thread_ts\"")))
        return error(update ? "message_not_found" : "thread_not_found", "");
    if (update && !strstr(request->body, "\"ts\":\""))
        return error("message_not_found", "");
    if (slack_limits_check(request->body, request->body_bytes, true, problem, sizeof problem))
        return update ? strdup("{\"ok\":true,\"channel\":\"C012AB3CD\"}") : message_made(mock);
    for (char *c = problem; *c; c++)
        if (*c == '"' || *c == '\\' || *c == '\n')
            *c = ' ';
    return error("invalid_blocks", problem);
}

static char *channel_info(const struct slack_mock *mock) {
    char *answer = NULL;

    if (mock->no_scope_to_look)
        return error("missing_scope", "");
    if (asprintf(
            &answer,
            "{\"ok\":true,\"channel\":{\"id\":\"C012AB3CD\",\"name\":\"alerts\",\"is_member\":%s,\"is_archived\":%s}}",
            mock->not_a_member ? "false" : "true", mock->archived ? "true" : "false") < 0)
        return NULL;
    return answer;
}

static char *web_api(struct slack_mock *mock, const struct http_seen *request) {
    char bearer[256] = "";
    const char *method = request->path + 5;

    http_seen_header(request, "Authorization", bearer, sizeof bearer);
    if (strncmp(bearer, "Bearer ", 7) != 0)
        return error("not_authed", "");
    if (mock->token && strcmp(bearer + 7, mock->token) != 0)
        return error("invalid_auth", "");
    if (strcmp(method, "chat.postMessage") == 0)
        return post_message(mock, request, false);
    if (strcmp(method, "chat.update") == 0)
        return post_message(mock, request, true);
    if (strcmp(method, "auth.test") == 0)
        return strdup("{\"ok\":true,\"team\":\"Example\",\"user\":\"qmon\",\"bot_id\":\"B1\"}");
    if (strcmp(method, "conversations.info") == 0)
        return channel_info(mock);
    return error("unknown_method", "");
}

char *slack_mock_respond(void *mock, const struct http_seen *request, int *ret_status) {
    static struct slack_mock plain;
    char problem[256];

    *ret_status = 200;
    if (strncmp(request->path, "/api/", 5) == 0)
        return web_api(mock ? mock : &plain, request);
    if (strncmp(request->path, "/services/", 10) != 0)
        return NULL;
    if (slack_limits_check(request->body, request->body_bytes, false, problem, sizeof problem))
        return strdup("ok");
    *ret_status = 400;
    return strdup(strcmp(request->body, "{}") == 0 ? "no_text" : "invalid_blocks");
}
