/*
 * recover.h: making events of the records that the dead left.
 */
#ifndef QMON_RECEIVER_RECOVER_H
#define QMON_RECEIVER_RECOVER_H

#include <qmon/receiver.h>

#include "pass.h"
#include "places.h"

/* quick: looks only at records whose process number is free (in our pid namespace), or that were moved aside; for every
 * receiver, whose own work is done. Ends at pass->deadline_ms. Returns how many events were made. */
unsigned qmon__recover(struct qmon__pass *pass, const struct qmon__places *places, const struct qmon_known_end *known,
                       bool quick);

#endif
