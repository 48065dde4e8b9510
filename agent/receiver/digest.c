#include "digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <qmon/delivery.h>
#include <qmon/log.h>
#include <qmon/pipeline.h>
#include <qmon/render.h>

#include "alert_limits.h"
#include "identity.h"
#include "moment.h"

#define FIRST_MS 10000u
#define LATER_MS 60000u
#define WINDOW_S 600u /* in which there are at most MOST of a channel, over the fleet */
#define MOST 3u
#define TOP 6u
#define PATIENCE_MS 600000u
#define STEP_MS 1000u
#define DELIVERY_MS 10000u

struct top {
    char text[1600];
    size_t used;
    uint64_t told, problems;
    char service[128];
    bool one_service;
};

static void add_problem(void *context, const struct qmon_held_problem *problem) {
    struct top *top = context;
    char number[32], times[40] = "";

    top->problems = problem->problems;
    if (top->told == 0) {
        snprintf(top->service, sizeof top->service, "%s", problem->service);
        top->one_service = problem->service[0] != '\0';
    }
    top->one_service &= strcmp(top->service, problem->service) == 0;
    if (problem->times > 1)
        snprintf(times, sizeof times, "%s\xc3\x97 ", qmon_render_number(problem->times, number, sizeof number));
    if (top->used < sizeof top->text)
        top->used += (size_t) snprintf(top->text + top->used, sizeof top->text - top->used, "%s%s%.140s%s%.60s",
                                       top->told > 0 ? "; " : "", times, problem->title,
                                       problem->service[0] != '\0' ? " in " : "", problem->service);
    top->told++;
}

/* "at most 5 in a minute and 20 in 1 h" */
static void say_limit(const struct qmon_config *config, enum qmon_channel channel, char *ret_text, size_t bytes) {
    const struct qmon_channel_limit limit = qmon_limit_of(config, channel);
    char window[32];
    int used = 0;

    if (limit.burst > 0)
        used = snprintf(ret_text, bytes, "%" PRIu64 " in a minute", limit.burst);
    if (limit.alerts > 0)
        used +=
            snprintf(ret_text + used, bytes - (size_t) used, "%s%" PRIu64 " in %s", used > 0 ? " and " : "",
                     limit.alerts, qmon_render_duration(limit.window_s * UINT64_C(1000000000), window, sizeof window));
    if (used == 0)
        snprintf(ret_text, bytes, "%" PRIu64 " over all channels", config->limit_total);
}

static void say(struct qmon__pass *pass, struct qmon_event *event, const struct qmon_held *held, uint64_t elsewhere,
                const struct top *top) {
    char number[32], others[32], span[32], limit[96], problems[32];
    uint64_t span_ms = held->last_ms > held->first_ms ? held->last_ms - held->first_ms : 0;
    int channel = qmon_channel_by_name(held->sink);

    qmon_render_number(held->count + elsewhere, number, sizeof number);
    qmon_render_number(elsewhere, others, sizeof others);
    qmon_render_number(top->problems, problems, sizeof problems);
    qmon_render_duration((span_ms + 1000) * 1000000u, span, sizeof span);
    say_limit(pass->config, (enum qmon_channel) channel, limit, sizeof limit);
    event->title = qmon_event_format(event, "%s more alert%s held back in %s", number,
                                     held->count + elsewhere == 1 ? " was" : "s were", span);
    event->lifecycle.reason = qmon_event_format(event, "%s problem%s", problems, top->problems == 1 ? "" : "s");
    event->message = qmon_event_format(
        event,
        "%s different problem%s on this host%s%s%s. This channel takes at most %s. Most frequent: %s%s. 'qmon list' "
        "shows them all.",
        problems, top->problems == 1 ? "" : "s", elsewhere > 0 ? ", and " : "", elsewhere > 0 ? others : "",
        elsewhere > 0 ? " alerts on other hosts" : "", limit, top->text,
        top->problems > top->told ? "; \xe2\x80\xa6" : "");
}

static struct qmon_event *digest_event(struct qmon__pass *pass, const struct qmon_held *held, uint64_t elsewhere) {
    struct qmon_event *event = qmon_event_new(qmon__now_real_ns());
    struct top top = {.text = ""};

    if (event == NULL)
        return NULL;
    qmon_store_held_problems(pass->store, held->sink, TOP, add_problem, &top);
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = QMON_SEVERITY_WARNING;
    event->lifecycle.phase = "digest";
    event->service.name = qmon_event_text(event, top.one_service ? top.service : "qmon");
    event->service.stage = pass->config->stage[0] != '\0' ? qmon_event_text(event, pass->config->stage) : NULL;
    qmon__identify_host(event, 0);
    say(pass, event, held, elsewhere, &top);
    qmon_fingerprint(event);
    return event;
}

/* May a digest be told now, and how many alerts do hosts that were refused stand for? */
static bool is_granted(struct qmon__pass *pass, const struct qmon_held *held, uint64_t *ret_elsewhere) {
    char place[QMON__PLACE_BYTES], key[QMON__PLACE_BYTES + 16];
    struct qmon_decision decision;

    *ret_elsewhere = 0;
    qmon__place_of(pass->config, (enum qmon_channel) qmon_channel_by_name(held->sink), place);
    snprintf(key, sizeof key, "digest|%s", place);
    const struct qmon_decision_request request = {.key = key,
                                                  .limit = MOST,
                                                  .window_s = WINDOW_S,
                                                  .now_ms = qmon__now_real_ns() / 1000000u,
                                                  .count = held->count};
    qmon__open_cache(pass);
    if (pass->cache == NULL || pass->cache->class->decide(pass->cache, &request, &decision) < 0)
        return true;
    if (decision.alert && decision.suppressed + 1 > held->count)
        *ret_elsewhere = decision.suppressed + 1 - held->count;
    return decision.alert;
}

/* The message and the note that these are summed up are one transaction: neither is without the other. */
static bool tell(struct qmon__pass *pass, const struct qmon_held *held) {
    const char *sinks[] = {held->sink};
    uint64_t elsewhere, now_ms = qmon__now_real_ns() / 1000000u;

    if (!is_granted(pass, held, &elsewhere)) {
        qmon__count(pass, "digest.left", "another digest tells how many", held->count);
        qmon_store_held_told(pass->store, held->sink, now_ms);
        return false;
    }
    struct qmon_event *event = digest_event(pass, held, elsewhere);
    if (event == NULL)
        return false;
    qmon_store_begin(pass->store);
    qmon_store_save(pass->store, event, "alerted", sinks, 1);
    qmon_store_held_told(pass->store, held->sink, now_ms);
    qmon_store_count(pass->store, "digest.alerts", held->sink, held->count);
    bool kept = qmon_store_commit(pass->store) == 0;
    if (kept)
        qmon_log("event %s: %s", event->id, event->title);
    qmon_event_free(event);
    return kept;
}

static uint64_t due_ms(struct qmon__pass *pass, const struct qmon_held *held) {
    char *last = NULL, key[64];
    uint64_t now_ms = qmon__now_real_ns() / 1000000u;

    snprintf(key, sizeof key, "digest:%s", held->sink);
    bool lately = qmon_store_value_get(pass->store, key, now_ms, &last) == 0;
    free(last);
    return held->first_ms + (lately ? LATER_MS : FIRST_MS);
}

static void note_told(struct qmon__pass *pass, const struct qmon_held *held) {
    uint64_t now_ms = qmon__now_real_ns() / 1000000u;
    char key[64];

    snprintf(key, sizeof key, "digest:%s", held->sink);
    qmon_store_value_set(pass->store, key, "1", now_ms + WINDOW_S * 1000u, now_ms);
}

/* A digest sums up a whole night, instead of waiting itself for the morning with many others. */
static bool sleeps(const struct qmon__pass *pass, const struct qmon_held *held, uint64_t now_ms) {
    return qmon_quiet_until(pass->config->routing, (enum qmon_channel) qmon_channel_by_name(held->sink),
                            QMON_SEVERITY_WARNING, now_ms) != 0;
}

uint64_t qmon__tell_digests(struct qmon__pass *pass, bool at_once) {
    struct qmon_held held[QMON_CHANNELS];
    uint64_t next_ms = 0, now_ms = qmon__now_real_ns() / 1000000u;
    int count = pass->store != NULL && qmon_store_is_durable(pass->store)
                    ? qmon_store_held(pass->store, held, QMON_CHANNELS)
                    : 0;

    for (int i = 0; i < count; i++) {
        uint64_t due = due_ms(pass, &held[i]);
        if (qmon_channel_by_name(held[i].sink) < 0 || sleeps(pass, &held[i], now_ms))
            continue;
        if (!at_once && due > now_ms) {
            next_ms = next_ms == 0 || due < next_ms ? due : next_ms;
        } else {
            tell(pass, &held[i]);
            note_told(pass, &held[i]);
        }
    }
    return next_ms;
}

/* The lock that makes one of them wait for all; -1: another one does. */
static int only_one(const struct qmon_config *config) {
    char directory[PATH_MAX - 16], path[PATH_MAX];

    if (qmon_state_dir(config->state_dir, environ, directory, sizeof directory) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/digest.lock", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void wait_for_digest(struct qmon__pass *pass) {
    uint64_t end_ms = qmon__now_monotonic_ms() + PATIENCE_MS, next_ms;
    int lock = only_one(pass->config);

    if (lock < 0)
        return;
    qmon__die_in(PATIENCE_MS + DELIVERY_MS);
    do {
        pass->deadline_ms = qmon__now_monotonic_ms() + DELIVERY_MS;
        next_ms = qmon__tell_digests(pass, qmon__now_monotonic_ms() + STEP_MS >= end_ms);
        qmon__deliver(pass, NULL);
        if (next_ms != 0)
            qmon__pause_us(STEP_MS * 1000u);
    } while (next_ms != 0 && qmon__now_monotonic_ms() < end_ms);
    close(lock);
}

void qmon__wait_for_digest_apart(void) {
    struct qmon__pass pass;

    if (fork() != 0)
        return;
    if (qmon__pass_open(&pass, qmon__now_monotonic_ms() + DELIVERY_MS) == 0) {
        wait_for_digest(&pass);
        qmon__pass_close(&pass);
    }
    _exit(0);
}
