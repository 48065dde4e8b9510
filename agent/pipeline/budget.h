/* budget.h: time for work on input of unknown kindness. Loops tick; the clock is read once in a while. */
#ifndef QMON_PIPELINE_BUDGET_H
#define QMON_PIPELINE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct qmon__budget {
    uint64_t deadline_ms; /* CLOCK_MONOTONIC */
    uint32_t ticks;
    bool spent; /* sticky */
};

#define QMON__BUDGET_TICKS 4096u

/* Reads the clock. True when the deadline has passed. */
bool qmon__budget_check(struct qmon__budget *budget);
uint64_t qmon__budget_left_ms(const struct qmon__budget *budget);

static inline bool qmon__budget_tick(struct qmon__budget *budget) {
    if (++budget->ticks % QMON__BUDGET_TICKS)
        return budget->spent;
    return qmon__budget_check(budget);
}

/* As many ticks at once. */
static inline bool qmon__budget_ticks(struct qmon__budget *budget, uint32_t count) {
    const uint32_t before = budget->ticks / QMON__BUDGET_TICKS;
    budget->ticks += count;
    return budget->ticks / QMON__BUDGET_TICKS == before ? budget->spent : qmon__budget_check(budget);
}

#endif
