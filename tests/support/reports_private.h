/* reports_private.h: between the two ways to come by reports. */
#ifndef QMON_TEST_REPORTS_PRIVATE_H
#define QMON_TEST_REPORTS_PRIVATE_H

#include "reports.h"

struct json_object;
/* Takes the event over. */
void reports__add(struct report_list *list, struct json_object *event);

#endif
