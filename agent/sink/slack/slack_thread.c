/* slack_thread.c: see slack_thread.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slack_render.h"
#include "slack_thread.h"
#include "template.h"

#define DAY_S 86400u
#define ID_MARKS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A channel given by id must be the one that the thread is in; by name it cannot be seen, and Slack says no. */
static bool is_elsewhere(const char *channel, const char *wanted) {
    bool by_id = strlen(wanted) >= 8 && strchr("CGD", wanted[0]) && strspn(wanted, ID_MARKS) == strlen(wanted);

    return by_id && strcmp(channel, wanted) != 0;
}

static bool take(const char *from, size_t bytes, const char *marks, char *ret_text, size_t most) {
    if (bytes == 0 || bytes >= most || strspn(from, marks) < bytes)
        return false;
    memcpy(ret_text, from, bytes);
    ret_text[bytes] = '\0';
    return true;
}

void qmon__slack_thread_find(const struct qmon_sink_context *context, const struct qmon_event *event, uint64_t now_s,
                             struct qmon__slack_thread *ret_thread) {
    const struct qmon_sink_history *history = context->history;
    uint64_t since_s = now_s > DAY_S ? now_s - DAY_S : 0;
    char *id = NULL;

    *ret_thread = (struct qmon__slack_thread){0};
    if (history && (event->kind != QMON_KIND_LIFECYCLE || event->lifecycle.problem) && event->fingerprint[0])
        id = history->newest(history->context, since_s * 1000);
    const char *slash = id ? strchr(id, '/') : NULL, *last = id ? strrchr(id, '/') : NULL;
    if (!slash || !take(id, (size_t) (slash - id), ID_MARKS, ret_thread->channel, sizeof ret_thread->channel) ||
        !take(last + 1, strlen(last + 1), "0123456789.", ret_thread->first, sizeof ret_thread->first) ||
        strtoull(ret_thread->first, NULL, 10) < since_s ||
        is_elsewhere(ret_thread->channel, context->config->slack_channel))
        *ret_thread = (struct qmon__slack_thread){0};
    free(id);
}

void qmon__slack_thread_note(const struct qmon__slack_thread *thread, struct qmon_delivery *delivery) {
    size_t used = strlen(delivery->remote_id);

    delivery->is_reply = true;
    if (used > 0 && used + strlen(thread->first) + 2 <= sizeof delivery->remote_id)
        snprintf(delivery->remote_id + used, sizeof delivery->remote_id - used, "/%s", thread->first);
}

char *qmon__slack_thread_update(const struct qmon_sink_context *context, const struct qmon__slack_thread *thread,
                                const struct qmon_event *newest) {
    struct qmon__slack_render_options options = {.channel = thread->channel, .update = thread->first};
    const char *problem = NULL;
    char id[96], *body = NULL;

    snprintf(id, sizeof id, "%s/%s", thread->channel, thread->first);
    char *json = context->history->message(context->history->context, id, &options.times);
    struct qmon_event *first = json ? qmon_event_from_json(json, strlen(json), &problem) : NULL;
    if (first) {
        qmon__fill_templates(first, context->config, qmon_sink_by_name("slack"));
        options.times += 1 + newest->occurrences.suppressed; /* the newest is not recorded yet */
        if (options.times < newest->occurrences.fleet.total) /* on other hosts, too */
            options.times = newest->occurrences.fleet.total;
        options.last_ns = newest->time_ns;
        body = qmon__slack_render(first, &options);
    }
    qmon_event_free(first);
    free(json);
    return body;
}

bool qmon__slack_thread_gone(const struct qmon_delivery *delivery) {
    static const char *const codes[] = {
        "thread_not_found:", "invalid_thread_ts:", "cannot_reply_to_message:", "message_not_found:", "thread_locked:"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strncmp(delivery->reason, codes[i], strlen(codes[i])) == 0)
            return delivery->verdict != QMON_DELIVERY_SENT;
    return false;
}
