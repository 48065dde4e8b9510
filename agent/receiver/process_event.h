/*
 * process_event.h: the steps of the pipeline that one event and many go through alike. Private to process_*.c.
 */
#ifndef QMON_RECEIVER_PROCESS_EVENT_H
#define QMON_RECEIVER_PROCESS_EVENT_H

#include <qmon/delivery.h>

#include "pass.h"

/* Service, symbols, filter, words, fingerprint: what needs nobody else. Once for each report. */
void qmon__prepare(struct qmon__pass *pass, struct qmon__report *report);
/* The question to the cache; ret_request borrows from ret_key and the event. */
void qmon__compose_request(const struct qmon__pass *pass, const struct qmon_event *event, char ret_key[QMON_KEY_BYTES],
                           struct qmon_decision_request *ret_request);
/* The report's decision becomes the event's; may it alert? */
bool qmon__may_alert(struct qmon__pass *pass, struct qmon__report *report, bool asked_before);
/* Says it where another cache than the wanted one decided; the chain has counted it. */
void qmon__tell_fallback(const struct qmon__pass *pass, struct qmon_event *event, const char *source);

/* --- process_route.c --- */
/* The channels that an event in this state is to go to, when it is saved: none unless it is "alerted". What keeps it from a channel is
 * counted; *state changes where nobody is told at all. Returns how many names, which are static. */
size_t qmon__choose_channels(struct qmon__pass *pass, const struct qmon_event *event, const char **state,
                             const char *ret_names[QMON_ROUTES]);

#endif
