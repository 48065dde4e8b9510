#include <qmon/cache.h>

static uint64_t add(uint64_t one, uint64_t other) {
    uint64_t sum;
    return __builtin_add_overflow(one, other, &sum) ? UINT64_MAX : sum;
}

bool qmon_window_is_open(const struct qmon_window *window, const struct qmon_decision_request *request) {
    uint64_t length_ms;

    if (window->total == 0)
        return false;
    if (__builtin_mul_overflow(request->window_s, 1000, &length_ms))
        length_ms = UINT64_MAX;
    return request->now_ms < window->start_ms || request->now_ms - window->start_ms < length_ms;
}

void qmon_window_decide(struct qmon_window *window, const struct qmon_decision_request *request,
                        struct qmon_decision *ret_decision) {
    uint64_t count = request->count > 0 ? request->count : 1;
    bool alert;

    if (!qmon_window_is_open(window, request)) {
        window->start_ms = request->now_ms;
        window->alerts = 0;
        window->total = 0;
    }
    if (request->now_ms < window->start_ms)
        window->start_ms = request->now_ms;
    if (window->first_seen_ms == 0 || request->now_ms < window->first_seen_ms)
        window->first_seen_ms = request->now_ms;
    if (request->now_ms > window->last_seen_ms)
        window->last_seen_ms = request->now_ms;
    window->total = add(window->total, count);
    alert = window->alerts < request->limit;
    window->alerts += alert;
    window->suppressed = add(window->suppressed, count - alert);

    *ret_decision = (struct qmon_decision){
        .alert = alert,
        .suppressed = window->suppressed,
        .total = window->total,
        .first_seen_ms = window->first_seen_ms,
        .last_seen_ms = window->last_seen_ms,
    };
    if (alert)
        window->suppressed = 0;
    ret_decision->window = *window;
}

bool qmon_window_may_wait(const struct qmon_window *window, const struct qmon_decision_request *request) {
    uint64_t patience_ms = window->total < QMON_WINDOW_PATIENCE_MS ? window->total : QMON_WINDOW_PATIENCE_MS;

    return window->total >= QMON_WINDOW_HOT && window->alerts >= request->limit && window->asked_ms != 0 &&
           request->now_ms >= window->start_ms && qmon_window_is_open(window, request) &&
           request->now_ms >= window->asked_ms && request->now_ms - window->asked_ms < patience_ms;
}
