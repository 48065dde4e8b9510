#include "alert_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qmon/delivery.h>
#include <qmon/sink.h>

#include "moment.h"

#define BURST_S 60u
#define NIGHT_S (7u * 24 * 3600) /* quiet hours that follow each other are shorter; the key is of one night alone */

/* A kind of event that somebody's program reports in any number has the limits as they are; the others, of which there is one or two in
 * the life of a process, and which are never to be hidden by the former, have more. */
#define RARER_KINDS_FACTOR 30u
_Static_assert(QMON_KIND_LIFECYCLE + 1 == QMON__LIMIT_KINDS, "a place for each in struct qmon__pass");

static uint64_t factor_of(enum qmon_kind kind) {
    return kind == QMON_KIND_ERROR ? 1 : RARER_KINDS_FACTOR;
}

static bool is_exempt(const struct qmon_event *event) {
    const char *phase = event->lifecycle.phase;

    return event->kind == QMON_KIND_LIFECYCLE &&
           (event->lifecycle.problem != NULL ||
            (phase != NULL && (strcmp(phase, "digest") == 0 || strcmp(phase, "crash-loop") == 0)));
}

void qmon__place_of(const struct qmon_config *config, enum qmon_channel channel, char ret_place[QMON__PLACE_BYTES]) {
    const struct qmon_sink *sink = qmon_sinks[channel];

    snprintf(ret_place, QMON__PLACE_BYTES, "%s|%016" PRIx64, sink->name,
             sink->destination != NULL ? sink->destination(config) : 0);
}

/* One alert more under this key. What was refused is not asked about again until its window is over: a storm costs a question
 * for each window, and not for each error. Where nothing can count, it goes out. */
static bool take(struct qmon__pass *pass, const char *key, uint64_t limit, uint64_t window_s, uint64_t *until_ms) {
    uint64_t now_ms = qmon_real_ms();
    const struct qmon_decision_request request = {
        .key = key, .limit = limit, .window_s = window_s, .now_ms = now_ms, .count = 1};
    struct qmon_decision decision;

    if (limit == 0)
        return true;
    if (now_ms < *until_ms)
        return false;
    qmon__open_cache(pass);
    if (pass->cache == NULL || pass->cache->class->decide(pass->cache, &request, &decision) < 0 || decision.alert)
        return true;
    *until_ms = decision.window.start_ms + window_s * 1000u;
    if (*until_ms > now_ms + window_s * 1000u) /* of a clock that is ahead of ours */
        *until_ms = now_ms + window_s * 1000u;
    return false;
}

/* What waits for the end of quiet hours comes all at once: as many as the channel takes in a minute. */
static bool takes_in_the_morning(struct qmon__pass *pass, enum qmon_channel channel, enum qmon_kind kind,
                                 uint64_t morning_ms) {
    const struct qmon_channel_limit limit = qmon_limit_of(pass->config, channel);
    uint64_t most = limit.burst > 0 ? limit.burst : limit.alerts, *full_until_ms;
    char place[QMON__PLACE_BYTES], key[QMON__PLACE_BYTES + 48];

    qmon__place_of(pass->config, channel, place);
    snprintf(key, sizeof key, "night|%s|%s|%" PRIu64, place, qmon_kind_name(kind), morning_ms / 1000);
    full_until_ms = &pass->night_full_until_ms[channel][kind];
    bool taken = take(pass, key, most * factor_of(kind), NIGHT_S, full_until_ms);
    if (*full_until_ms > morning_ms)
        *full_until_ms = morning_ms;
    return taken;
}

static bool takes_now(struct qmon__pass *pass, enum qmon_channel channel, enum qmon_kind kind) {
    const struct qmon_channel_limit limit = qmon_limit_of(pass->config, channel);
    char place[QMON__PLACE_BYTES], key[QMON__PLACE_BYTES + 32];

    if (limit.burst == 0 && limit.alerts == 0)
        return true;
    qmon__place_of(pass->config, channel, place);
    snprintf(key, sizeof key, "burst|%s|%s", place, qmon_kind_name(kind));
    if (!take(pass, key, limit.burst * factor_of(kind), BURST_S, &pass->full_until_ms[channel][kind]))
        return false;
    snprintf(key, sizeof key, "limit|%s|%s", place, qmon_kind_name(kind));
    return take(pass, key, limit.alerts * factor_of(kind), limit.window_s, &pass->full_until_ms[channel][kind]);
}

static bool channel_takes(struct qmon__pass *pass, enum qmon_channel channel, const struct qmon_event *event) {
    uint64_t now_ms = qmon_real_ms();
    uint64_t morning_ms = qmon_quiet_until(pass->config->routing, channel, event->severity, now_ms);

    return morning_ms != 0 ? takes_in_the_morning(pass, channel, event->kind, morning_ms)
                           : takes_now(pass, channel, event->kind);
}

static qmon_channels of_people(qmon_channels channels) {
    for (int i = 0; i < QMON_CHANNELS; i++)
        if (!qmon_channel_is_for_people((enum qmon_channel) i))
            channels &= ~((qmon_channels) 1 << i);
    return channels;
}

qmon_channels qmon__within_limits(struct qmon__pass *pass, const struct qmon_event *event, qmon_channels channels) {
    qmon_channels people = of_people(channels), held = 0;
    const char *names[QMON_ROUTES];
    char key[32];

    if (is_exempt(event))
        return channels;
    for (int i = 0; i < QMON_CHANNELS; i++)
        if ((channels >> i & 1) && !channel_takes(pass, (enum qmon_channel) i, event))
            held |= (qmon_channels) 1 << i;
    snprintf(key, sizeof key, "limit|*|%s", qmon_kind_name(event->kind));
    if ((people & ~held) != 0 && !take(pass, key, pass->config->limit_total, pass->config->limit_window_s,
                                       &pass->full_until_ms[QMON_CHANNELS][event->kind]))
        held |= people;
    size_t count = qmon_channel_names(held, names);
    for (size_t i = 0; i < count; i++)
        qmon__count(pass, "limit.held", names[i], 1);
    if (pass->store != NULL)
        qmon_store_hold(pass->store, event->id, names, count, qmon_real_ms());
    pass->held_back |= count > 0;
    return channels & ~held;
}
