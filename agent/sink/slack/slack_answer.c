/* slack_answer.c: see slack_answer.h. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "http_judge.h"
#include "slack_answer.h"

#define CODE_BYTES 64
#define ANSWER_DEPTH 16

static const struct row {
    const char *code;
    enum qmon__slack_class class;
    const char *words;
} rows[] = {
    /* Slack's own trouble, or its patience with us */
    {"ratelimited", QMON__SLACK_TRANSIENT, "Slack wants fewer messages"},
    {"rate_limited", QMON__SLACK_TRANSIENT, "Slack wants fewer messages"},
    {"message_limit_exceeded", QMON__SLACK_TRANSIENT, "the workspace has sent too many messages"},
    {"internal_error", QMON__SLACK_TRANSIENT, "Slack has a problem of its own"},
    {"fatal_error", QMON__SLACK_TRANSIENT, "Slack has a problem of its own"},
    {"service_unavailable", QMON__SLACK_TRANSIENT, "Slack is not available"},
    {"request_timeout", QMON__SLACK_TRANSIENT, "the message reached Slack too slowly"},
    {"team_added_to_org", QMON__SLACK_TRANSIENT, "the workspace is being moved into an organisation"},
    {"rollup_error", QMON__SLACK_TRANSIENT, "Slack has a problem of its own"},
    /* the message */
    {"invalid_blocks", QMON__SLACK_MALFORMED, "Slack does not accept the message's blocks"},
    {"invalid_blocks_format", QMON__SLACK_MALFORMED, "Slack does not accept the message's blocks"},
    {"msg_too_long", QMON__SLACK_MALFORMED, "the message is too long"},
    {"msg_blocks_too_long", QMON__SLACK_MALFORMED, "the message is too long"},
    {"no_text", QMON__SLACK_MALFORMED, "the message has no text"},
    {"missing_text_or_fallback_or_attachments", QMON__SLACK_MALFORMED, "the message has no text"},
    {"too_many_attachments", QMON__SLACK_MALFORMED, "the message has too many parts"},
    {"invalid_payload", QMON__SLACK_MALFORMED, "Slack cannot read the message"},
    {"invalid_arguments", QMON__SLACK_MALFORMED, "Slack cannot read the message"},
    {"invalid_json", QMON__SLACK_MALFORMED, "Slack cannot read the message"},
    {"json_not_object", QMON__SLACK_MALFORMED, "Slack cannot read the message"},
    {"invalid_charset", QMON__SLACK_MALFORMED, "Slack cannot read the message"},
    {"invalid_form_data", QMON__SLACK_MALFORMED, "Slack cannot read the message"},
    /* token, channel, workspace: people can mend it, and then the message goes out */
    {"invalid_auth", QMON__SLACK_SETTINGS, "Slack does not accept the token (SLACK_APP_TOKEN)"},
    {"not_authed", QMON__SLACK_SETTINGS, "Slack does not see a token (SLACK_APP_TOKEN)"},
    {"token_revoked", QMON__SLACK_SETTINGS, "the token was revoked (SLACK_APP_TOKEN)"},
    {"token_expired", QMON__SLACK_SETTINGS, "the token has expired (SLACK_APP_TOKEN)"},
    {"account_inactive", QMON__SLACK_SETTINGS, "the token's account or workspace is gone (SLACK_APP_TOKEN)"},
    {"not_allowed_token_type", QMON__SLACK_SETTINGS,
     "a bot token is needed, which begins with xoxb- (SLACK_APP_TOKEN)"},
    {"missing_scope", QMON__SLACK_SETTINGS, "the token lacks the scope chat:write"},
    {"no_permission", QMON__SLACK_SETTINGS, "the token may not post"},
    {"access_denied", QMON__SLACK_SETTINGS, "the token may not post"},
    {"channel_not_found", QMON__SLACK_SETTINGS, "no such channel, or the bot cannot see it (SLACK_ALERTS_CHANNEL)"},
    {"not_in_channel", QMON__SLACK_SETTINGS, "the bot is not in the channel: invite it there"},
    {"is_archived", QMON__SLACK_SETTINGS, "the channel is archived (SLACK_ALERTS_CHANNEL)"},
    {"channel_is_archived", QMON__SLACK_SETTINGS, "the webhook's channel is archived"},
    {"restricted_action", QMON__SLACK_SETTINGS, "the workspace's settings do not let the bot post there"},
    {"action_prohibited", QMON__SLACK_SETTINGS, "the workspace's settings do not let the webhook post"},
    {"posting_to_general_channel_denied", QMON__SLACK_SETTINGS, "the webhook may not post to the general channel"},
    {"ekm_access_denied", QMON__SLACK_SETTINGS, "the workspace's administrators have suspended posting"},
    {"accesslimited", QMON__SLACK_SETTINGS, "Slack does not allow this from the network that this host is in"},
    {"no_service", QMON__SLACK_SETTINGS, "the webhook was removed or switched off (SLACK_WEBHOOK_URL)"},
    {"no_team", QMON__SLACK_SETTINGS, "the webhook's workspace is gone (SLACK_WEBHOOK_URL)"},
    {"invalid_token", QMON__SLACK_SETTINGS, "the webhook's address is wrong (SLACK_WEBHOOK_URL)"},
    {"user_not_found", QMON__SLACK_SETTINGS, "the user to be written to does not exist"},
};

/* Slack's codes are small letters, digits and underscores; whatever else comes is not shown. */
static bool is_code(const char *code) {
    size_t length = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return length > 0 && length < CODE_BYTES && code[length] == '\0';
}

enum qmon__slack_class qmon__slack_error(const char *code, char *ret_reason, size_t bytes) {
    if (!code || !is_code(code)) {
        snprintf(ret_reason, bytes, "slack-error: Slack refused the message and gave no reason");
        return QMON__SLACK_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(code, rows[i].code) != 0)
            continue;
        snprintf(ret_reason, bytes, "%s: %s", code, rows[i].words);
        return rows[i].class;
    }
    snprintf(ret_reason, bytes, "%s: Slack refused the message", code);
    return QMON__SLACK_UNKNOWN;
}

static bool judge_class(enum qmon__slack_class class, const struct qmon__http_response *response,
                        struct qmon_delivery *delivery) {
    bool malformed = class == QMON__SLACK_MALFORMED;

    delivery->verdict = malformed ? QMON_DELIVERY_REJECTED : QMON_DELIVERY_RETRY;
    delivery->misconfigured = class == QMON__SLACK_SETTINGS || class == QMON__SLACK_UNKNOWN;
    delivery->sink_down = !malformed;
    delivery->retry_after_ms = response->retry_after_ms;
    return malformed;
}

static struct json_object *parse(const struct qmon__http_response *response) {
    struct json_tokener *tokener = json_tokener_new_ex(ANSWER_DEPTH);

    if (!tokener)
        return NULL;
    struct json_object *root = json_tokener_parse_ex(tokener, response->body, (int) response->body_bytes + 1);
    json_tokener_free(tokener);
    if (root && json_object_is_type(root, json_type_object))
        return root;
    json_object_put(root);
    return NULL;
}

static const char *text_of(struct json_object *root, const char *name) {
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(root, name, &value) || !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

/* "C012AB3CD/1732104241.000100": enough to find the message again. */
static void keep_message_id(struct json_object *root, struct qmon_delivery *delivery) {
    const char *channel = text_of(root, "channel"), *moment = text_of(root, "ts");

    if (channel && moment && strspn(channel, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(channel) &&
        strspn(moment, "0123456789.") == strlen(moment))
        snprintf(delivery->remote_id, sizeof delivery->remote_id, "%.40s/%.40s", channel, moment);
}

enum answer { NOT_SLACK, IS_OK, IS_ERROR };

/* The answer of the web API, which newer webhooks give too: {"ok":true,...} or {"ok":false,"error":"..."}. */
static enum answer read_json(const struct qmon__http_response *response, struct qmon_delivery *delivery,
                             char *ret_code) {
    struct json_object *root = parse(response), *ok = NULL;
    enum answer answer = NOT_SLACK;

    if (root && json_object_object_get_ex(root, "ok", &ok) && json_object_is_type(ok, json_type_boolean)) {
        const char *code = text_of(root, "error");
        answer = json_object_get_boolean(ok) ? IS_OK : IS_ERROR;
        snprintf(ret_code, CODE_BYTES, "%s", code && is_code(code) ? code : "");
        if (answer == IS_OK)
            keep_message_id(root, delivery);
    }
    json_object_put(root);
    return answer;
}

/* A webhook answers with a word: "ok", "invalid_payload". */
static enum answer read_word(const struct qmon__http_response *response, char *ret_code) {
    char word[CODE_BYTES] = "";

    if (response->body_bytes >= sizeof word || strlen(response->body) != response->body_bytes)
        return NOT_SLACK;
    if (sscanf(response->body, " %63s", word) != 1 || !is_code(word))
        return NOT_SLACK;
    snprintf(ret_code, CODE_BYTES, "%s", word);
    return strcmp(word, "ok") == 0 ? IS_OK : IS_ERROR;
}

bool qmon__slack_judge(enum qmon__slack_mode mode, const struct qmon__http_response *response, const char *url,
                       struct qmon_delivery *ret_delivery) {
    char code[CODE_BYTES] = "", host[128];
    bool success = response->status >= 200 && response->status < 300;
    enum answer answer = NOT_SLACK;

    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_RETRY};
    if (response->status && response->body)
        answer = read_json(response, ret_delivery, code);
    if (response->status && response->body && answer == NOT_SLACK && mode == QMON__SLACK_WEBHOOK)
        answer = read_word(response, code);
    if (answer == IS_OK && success) {
        ret_delivery->verdict = QMON_DELIVERY_SENT;
        return false;
    }
    if (answer == IS_ERROR) {
        enum qmon__slack_class class = qmon__slack_error(code, ret_delivery->reason, sizeof ret_delivery->reason);
        if (success || class != QMON__SLACK_UNKNOWN)
            return judge_class(class, response, ret_delivery);
    }
    if (success && response->failure == QMON__HTTP_FINE) {
        qmon__http_host(url, host, sizeof host);
        ret_delivery->misconfigured = ret_delivery->sink_down = true;
        snprintf(ret_delivery->reason, sizeof ret_delivery->reason, "not-slack: %s answered, but not as Slack does",
                 host);
        return false;
    }
    struct qmon__http_response broken = *response;
    if (success)
        broken.status = 0; /* the answer broke off: its reason is the failure */
    qmon__http_judge_failure(&broken, url, ret_delivery);
    if (response->status != 400 && response->status != 413)
        return false;
    ret_delivery->verdict = QMON_DELIVERY_REJECTED;
    ret_delivery->misconfigured = ret_delivery->sink_down = false;
    return true;
}
