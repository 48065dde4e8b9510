/* budget.c: see budget.h. */
#include "budget.h"

#include <qmon/clock.h>

uint64_t qmon__budget_left_ms(const struct qmon__budget *budget) {
    uint64_t now_ms = qmon_monotonic_ms();
    return now_ms < budget->deadline_ms ? budget->deadline_ms - now_ms : 0;
}

bool qmon__budget_check(struct qmon__budget *budget) {
    if (!qmon__budget_left_ms(budget))
        budget->spent = true;
    return budget->spent;
}
