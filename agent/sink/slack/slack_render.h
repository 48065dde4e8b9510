/* slack_render.h: an event as a Slack message. Pure: no clock, no environment, no I/O. Private to slack*.c. */
#ifndef QMON_SLACK_RENDER_H
#define QMON_SLACK_RENDER_H

#include <qmon/event.h>
#include <qmon/text.h>

#include "slack_blocks.h"

struct qmon__slack_render_options {
    const char *channel;     /* NULL: for an incoming webhook, which knows its channel */
    bool plain;              /* text only, for when Slack would not take the blocks */
    const char *thread;      /* the message whose thread it goes to; NULL: to the channel */
    const char *update;      /* the message in whose place it goes; NULL: it is a new one */
    uint64_t times, last_ns; /* of an update: how often the problem came by now, and when last */
};

/* The body of the request, to be freed with free(). NULL: out of memory. */
char *qmon__slack_render(const struct qmon_event *event, const struct qmon__slack_render_options *options);

/* Parts, in the order in which they stand in the message. */
void qmon__slack_add_what(struct qmon__slack_message *message, const struct qmon_event *event);
/* How often the problem came by now, for a message brought up to date. */
void qmon__slack_times(struct qmon_text *text, const struct qmon__slack_message *message);
/* A template's body: mrkdwn whose values are escaped. */
void qmon__slack_add_told(struct qmon__slack_message *message, const char *body);
void qmon__slack_add_last_lines(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_source(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_where(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_facts(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_extras(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_trace(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_notes(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_footer(struct qmon__slack_message *message, const struct qmon_event *event);
void qmon__slack_add_lifecycle(struct qmon__slack_message *message, const struct qmon_event *event);

/* Words that several parts need. */
const char *qmon__slack_emoji(const struct qmon_event *event);
/* What happened, a line each: the message, the exception, the cause where it says more. Unescaped lines through `add`. */
void qmon__slack_what(struct qmon_text *text, const struct qmon_event *event);
/* The trace, escaped for a code block, at most `bytes` with its NUL: fewer rows until it fits. "" without frames. */
void qmon__slack_trace(const struct qmon_event *event, size_t max_rows, char *ret_text, size_t bytes);

#endif
