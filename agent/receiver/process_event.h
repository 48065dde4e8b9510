/*
 * process_event.h: the steps of the pipeline that one event and many go through alike. Private to process_*.c.
 */
#ifndef QMON_RECEIVER_PROCESS_EVENT_H
#define QMON_RECEIVER_PROCESS_EVENT_H

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

#endif
