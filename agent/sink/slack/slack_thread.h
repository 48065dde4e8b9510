/*
 * slack_thread.h: repeats of one problem as a thread under its first message, whose count is brought up to date in place. For a
 * bot only: a webhook does not say which message it made. Private to slack*.c.
 *
 * A message's remote_id is "CHANNEL/MOMENT", that of a reply "CHANNEL/MOMENT/FIRST"; so the newest message of a problem leads to
 * the first of its thread. A thread lasts for a day: what comes later is worth a message of its own again.
 */
#ifndef QMON_SLACK_THREAD_H
#define QMON_SLACK_THREAD_H

#include <qmon/sink.h>

struct qmon__slack_thread {
    char channel[41];
    char first[41]; /* "" : there is no thread to go to */
};

/* now_s: seconds since 1970. */
void qmon__slack_thread_find(const struct qmon_sink_context *context, const struct qmon_event *event, uint64_t now_s,
                             struct qmon__slack_thread *ret_thread);
/* Adds the thread to a reply's remote_id. */
void qmon__slack_thread_note(const struct qmon__slack_thread *thread, struct qmon_delivery *delivery);
/* The first message as it should be now, as the body of chat.update, to be freed; NULL: it is not known any more, or memory. */
char *qmon__slack_thread_update(const struct qmon_sink_context *context, const struct qmon__slack_thread *thread,
                                const struct qmon_event *newest);
/* Is this refusal about the thread, so that the message can go to the channel instead? */
bool qmon__slack_thread_gone(const struct qmon_delivery *delivery);

#endif
