/* process_route.c: which channels an alert goes to. */
#include <string.h>

#include "alert_limits.h"
#include "process_event.h"

/* What routes and least severities kept from a channel. */
static void count_unrouted(struct qmon__pass *pass, const struct qmon_routed *routed) {
    if (routed->muted)
        qmon__count(pass, "route.muted", routed->route->name, 1);
    if (routed->stray)
        qmon__count(pass, "route.stray", routed->route->name, 1);
    for (unsigned i = 0; i < QMON_CHANNELS; i++)
        if (routed->too_mild >> i & 1)
            qmon__count(pass, "route.too-mild", qmon_channel_name((enum qmon_channel) i), 1);
}

size_t qmon__choose_channels(struct qmon__pass *pass, const struct qmon_event *event, const char **state,
                             const char *ret_names[QMON_ROUTES]) {
    if (strcmp(*state, "alerted") != 0)
        return 0;
    struct qmon_routed routed = qmon_route_of(event, pass->config);
    count_unrouted(pass, &routed);
    if (routed.muted)
        *state = "muted";
    qmon_channels taken = qmon__within_limits(pass, event, routed.channels);
    if (taken == 0 && routed.channels != 0)
        *state = "held";
    return qmon_channel_names(taken, ret_names);
}
