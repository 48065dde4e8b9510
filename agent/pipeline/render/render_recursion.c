/* render_recursion.c: frames that repeat as rows: one round, and how often it came. */
#include "recursion.h"
#include "render_plan.h"

static bool holds_origin(const struct qmon__plan *plan, size_t from, size_t to) {
    return plan->origin >= from && plan->origin < to;
}

static void add_rows(struct qmon__plan *plan, const struct qmon__recursion *recursion) {
    size_t at = recursion->at, period = recursion->period, taken = recursion->taken;
    struct qmon__plan_row row = {.kind = QMON_ROW_FRAME, .count = 1, .times = 1, .stands_for = 1};

    for (row.first = at; row.first < at + period; row.first++)
        qmon__plan_add(plan, &row);
    row = (struct qmon__plan_row){.kind = QMON_ROW_REPEATED, .first = at, .count = period};
    row.times = recursion->times;
    row.stands_for = taken - period + recursion->omitted;
    qmon__plan_add(plan, &row);
    uint64_t after = plan->thread->frames[at + taken - 1].omitted_after; /* a gap that the recursion does not cross */
    if (after) {
        row = (struct qmon__plan_row){.kind = QMON_ROW_OMITTED, .first = at + taken - 1};
        row.times = row.stands_for = after;
        qmon__plan_add(plan, &row);
    }
}

size_t qmon__plan_recursion(struct qmon__plan *plan, size_t at) {
    struct qmon__recursion recursion;

    if (!qmon__recursion_at(plan->thread, plan->keys, at, &recursion) ||
        holds_origin(plan, at + recursion.period, at + recursion.taken))
        return 0;
    add_rows(plan, &recursion);
    return recursion.taken;
}
