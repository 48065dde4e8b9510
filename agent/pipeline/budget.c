/* budget.c: see budget.h. */
#include "budget.h"

#include <time.h>

uint64_t qmon__budget_left_ms(const struct qmon__budget *budget) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
    return now_ms < budget->deadline_ms ? budget->deadline_ms - now_ms : 0;
}

bool qmon__budget_check(struct qmon__budget *budget) {
    if (!qmon__budget_left_ms(budget))
        budget->spent = true;
    return budget->spent;
}
