#include "digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <qmon/delivery.h>
#include <qmon/log.h>
#include <qmon/pipeline.h>
#include <qmon/render.h>
#include <qmon/text.h>

#include "alert_limits.h"
#include "identity.h"
#include "moment.h"

#define FIRST_MS 10000u
#define LATER_MS 60000u
#define WINDOW_S 600u /* in which there are at most MOST of a channel, over the fleet */
#define MOST 3u
#define TOP 6u
#define TITLE_COLUMNS 120u
#define SERVICE_COLUMNS 40u
#define PATIENCE_MS 660000u /* what is handed over is asked about after ten minutes */
#define STEP_MS 1000u
#define DELIVERY_MS 10000u
#define HASTE_MS 3000u

struct top {
    char rows[4096]; /* room for all of them */
    struct qmon_text text;
    uint64_t told, problems;
    char service[128];
    bool one_service;
};

static void add_problem(void *context, const struct qmon_held_problem *problem) {
    struct top *top = context;
    char number[32];

    top->problems = problem->problems;
    if (top->told == 0) {
        snprintf(top->service, sizeof top->service, "%s", problem->service);
        top->one_service = problem->service[0] != '\0';
    }
    top->one_service &= strcmp(top->service, problem->service) == 0;
    qmon_text_add(&top->text, "\n\xe2\x80\xa2 ");
    if (problem->times > 1)
        qmon_text_format(&top->text, "%s\xc3\x97 ", qmon_render_number(problem->times, number, sizeof number));
    qmon_text_line(&top->text, problem->title, TITLE_COLUMNS, QMON_CUT_END);
    if (problem->service[0] != '\0') {
        qmon_text_add(&top->text, " in ");
        qmon_text_line(&top->text, problem->service, SERVICE_COLUMNS, QMON_CUT_END);
    }
    qmon_text_format(&top->text, " (%.36s)", problem->event_id);
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

static void say(struct qmon__pass *pass, struct qmon_event *event, const struct qmon_held *held, uint64_t count,
                uint64_t elsewhere, const struct top *top) {
    char number[32], others[96] = "", span[32], limit[96], problems[32];
    uint64_t span_ms = held->last_ms > held->first_ms ? held->last_ms - held->first_ms : 0;
    int channel = qmon_channel_by_name(held->sink);

    if (elsewhere > 0 && count > 0)
        snprintf(others, sizeof others, ", and %s alert%s before or on other hosts",
                 qmon_render_number(elsewhere, number, sizeof number), elsewhere == 1 ? "" : "s");
    qmon_render_number(count + elsewhere, number, sizeof number);
    qmon_render_number(top->problems, problems, sizeof problems);
    qmon_render_duration((span_ms + 1000) * 1000000u, span, sizeof span);
    say_limit(pass->config, (enum qmon_channel) channel, limit, sizeof limit);
    event->title = qmon_event_format(event, "%s more alert%s held back in %s", number,
                                     count + elsewhere == 1 ? " was" : "s were", span);
    event->lifecycle.reason = qmon_event_format(event, "%s problem%s", problems, top->problems == 1 ? "" : "s");
    event->message =
        qmon_event_format(event,
                          "%s different problem%s on this host%s. This channel takes at most %s. Most frequent:%s%s\n"
                          "'qmon list' shows them all, 'qmon show ID' one.",
                          problems, top->problems == 1 ? "" : "s", others, limit, top->rows,
                          top->problems > top->told ? "\n\xe2\x80\xa6" : "");
}

/* Of `count` alerts of this host's that nobody knows of yet, and `elsewhere` that were handed over. */
static struct qmon_event *digest_event(struct qmon__pass *pass, const struct qmon_held *held, uint64_t count,
                                       uint64_t elsewhere) {
    struct qmon_event *event = qmon_event_new(qmon_real_ns());
    struct top top = {.rows = ""};

    if (event == NULL)
        return NULL;
    qmon_text_begin(&top.text, top.rows, sizeof top.rows);
    qmon_store_held_problems(pass->store, held, TOP, add_problem, &top);
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = QMON_SEVERITY_WARNING;
    event->lifecycle.phase = "digest";
    event->service.name = qmon_event_text(event, top.one_service ? top.service : "qmon");
    event->service.stage = pass->config->stage[0] != '\0' ? qmon_event_text(event, pass->config->stage) : NULL;
    qmon__identify_host(event, 0);
    say(pass, event, held, count, elsewhere, &top);
    qmon_fingerprint(event);
    return event;
}

/* One question to the fleet. */
struct grant {
    uint64_t count;     /* that this host tells or hands over */
    bool granted;       /* a digest may be told now */
    uint64_t elsewhere; /* how many more it is to tell, which were handed over */
    uint64_t again_ms;  /* where it may not: when that window is over, CLOCK_REALTIME */
};

static void ask(struct qmon__pass *pass, const char *sink, struct grant *grant) {
    char place[QMON__PLACE_BYTES], key[QMON__PLACE_BYTES + 16];
    uint64_t now_ms = qmon_real_ms();
    struct qmon_decision decision;

    qmon__place_of(pass->config, (enum qmon_channel) qmon_channel_by_name(sink), place);
    snprintf(key, sizeof key, "digest|%s", place);
    const struct qmon_decision_request request = {
        .key = key, .limit = MOST, .window_s = WINDOW_S, .now_ms = now_ms, .count = grant->count};
    qmon__open_cache(pass);
    grant->granted = true;
    grant->elsewhere = 0;
    if (pass->cache == NULL || pass->cache->class->decide(pass->cache, &request, &decision) < 0)
        return;
    grant->granted = decision.alert;
    if (decision.suppressed + 1 > grant->count)
        grant->elsewhere = decision.suppressed + 1 - grant->count;
    grant->again_ms = decision.window.start_ms + WINDOW_S * 1000u;
    if (grant->again_ms > now_ms + WINDOW_S * 1000u) /* of a clock that is ahead of ours */
        grant->again_ms = now_ms + WINDOW_S * 1000u;
}

static void value_key(const char *what, const char *sink, char ret_key[64]) {
    snprintf(ret_key, 64, "digest-%s:%s", what, sink);
}

/* 0: there is none. */
static uint64_t value_of(struct qmon__pass *pass, const char *what, const char *sink) {
    char *text = NULL, key[64];
    uint64_t value = 0;

    value_key(what, sink, key);
    if (qmon_store_value_get(pass->store, key, qmon_real_ms(), &text) == 0)
        value = strtoull(text, NULL, 10);
    free(text);
    return value;
}

static void set_value(struct qmon__pass *pass, const char *what, const char *sink, uint64_t value,
                      uint64_t expires_ms) {
    char key[64], text[32];

    value_key(what, sink, key);
    snprintf(text, sizeof text, "%" PRIu64, value);
    qmon_store_value_set(pass->store, key, text, expires_ms, qmon_real_ms());
}

/* event NULL: somebody else has told them. */
static void keep_digest(struct qmon__pass *pass, const struct qmon_held *held, const struct qmon_event *event,
                        uint64_t now_ms) {
    const char *sinks[] = {held->sink};
    struct qmon_held handed = *held;

    qmon_store_held_become(pass->store, held, QMON_HELD_TOLD, now_ms);
    handed.how = QMON_HELD_HANDED_OVER; /* they are part of `elsewhere` */
    handed.last_row = INT64_MAX;
    qmon_store_held_become(pass->store, &handed, QMON_HELD_TOLD, now_ms);
    if (event != NULL)
        qmon_store_save(pass->store, event, "alerted", sinks, 1);
    set_value(pass, "told", held->sink, 1, now_ms + WINDOW_S * 1000u);
    if (held->how == QMON_HELD_UNTOLD)
        qmon_store_count(pass->store, "digest.alerts", held->sink, held->count);
}

/* The fleet has their number, and tells it with the next digest of anybody's: should none come, we ask again. */
static void hand_over(struct qmon__pass *pass, const struct qmon_held *held, const struct grant *grant,
                      uint64_t now_ms) {
    if (held->how == QMON_HELD_UNTOLD) {
        qmon_store_held_become(pass->store, held, QMON_HELD_HANDED_OVER, now_ms);
        qmon_store_count(pass->store, "digest.left", "another digest tells how many", held->count);
    }
    set_value(pass, "owed", held->sink, grant->again_ms, 0);
}

/* The message, the note that these are summed up and, where Redis does not count, the decision are one transaction: whoever is killed
 * in it has told nothing, and the next one tells all of it. */
static void tell(struct qmon__pass *pass, const struct qmon_held *held) {
    bool owed = held->how == QMON_HELD_HANDED_OVER;
    struct grant grant = {.count = owed ? 1 : held->count};
    uint64_t now_ms = qmon_real_ms();
    struct qmon_event *event = NULL;

    qmon_store_begin(pass->store);
    ask(pass, held->sink, &grant);
    struct qmon_held told = *held;
    told.count = owed ? 0 : held->count;
    if (grant.granted && told.count + grant.elsewhere > 0) {
        event = digest_event(pass, held, told.count, grant.elsewhere);
        if (event != NULL)
            keep_digest(pass, held, event, now_ms);
    } else if (grant.granted) {
        keep_digest(pass, held, NULL, now_ms);
    } else {
        hand_over(pass, held, &grant, now_ms);
    }
    if (qmon_store_commit(pass->store) == 0 && event != NULL)
        qmon_log("event %s: %s", event->id, event->title);
    qmon_event_free(event);
}

/* When it is to be told. */
static uint64_t due_ms(struct qmon__pass *pass, const struct qmon_held *held) {
    if (held->how == QMON_HELD_HANDED_OVER)
        return value_of(pass, "owed", held->sink);
    return held->first_ms + (value_of(pass, "told", held->sink) != 0 ? LATER_MS : FIRST_MS);
}

/* A digest sums up a whole night, instead of waiting itself for the morning with many others. */
static bool sleeps(const struct qmon__pass *pass, const struct qmon_held *held, uint64_t now_ms) {
    return qmon_quiet_until(pass->config->routing, (enum qmon_channel) qmon_channel_by_name(held->sink),
                            QMON_SEVERITY_WARNING, now_ms) != 0;
}

/* The lock of that name in the state directory, which the kernel drops when we die; -1: another one has it. */
static int only_one(const struct qmon_config *config, const char *name) {
    char directory[PATH_MAX - 32], path[PATH_MAX];

    if (qmon_state_dir(config->state_dir, environ, directory, sizeof directory) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Of those that are so: tells what is due, and when the next is. What is handed over can be asked about when its time has come,
 * and no earlier, whoever is in a hurry. */
static uint64_t tell_those(struct qmon__pass *pass, enum qmon_held_how how, bool at_once) {
    struct qmon_held held[QMON_CHANNELS];
    uint64_t next_ms = 0, now_ms = qmon_real_ms();
    int count = qmon_store_held(pass->store, how, held, QMON_CHANNELS);

    for (int i = 0; i < count; i++) {
        uint64_t due = due_ms(pass, &held[i]);
        if (qmon_channel_by_name(held[i].sink) < 0 || sleeps(pass, &held[i], now_ms))
            continue;
        if (due <= now_ms || (at_once && how == QMON_HELD_UNTOLD))
            tell(pass, &held[i]);
        else
            next_ms = next_ms == 0 || due < next_ms ? due : next_ms;
    }
    return next_ms;
}

/* One process of this state directory at a time: of two that look at the same alerts each would tell them. A store in memory is
 * ours alone, and nobody comes after us who could tell what is in it. */
uint64_t qmon__tell_digests(struct qmon__pass *pass, bool at_once) {
    struct qmon_held held[1];
    if (pass->store == NULL)
        return 0;
    if (qmon_store_held(pass->store, QMON_HELD_UNTOLD, held, 1) <= 0 &&
        qmon_store_held(pass->store, QMON_HELD_HANDED_OVER, held, 1) <= 0)
        return 0;
    if (!qmon_store_is_durable(pass->store)) {
        tell_those(pass, QMON_HELD_UNTOLD, true);
        return 0;
    }
    int lock = only_one(pass->config, "digest-now.lock");
    if (lock < 0) /* who has it tells them */
        return qmon_real_ms() + STEP_MS;
    uint64_t next_ms = tell_those(pass, QMON_HELD_UNTOLD, at_once);
    uint64_t owed_ms = tell_those(pass, QMON_HELD_HANDED_OVER, at_once);
    close(lock);
    return next_ms == 0 || (owed_ms != 0 && owed_ms < next_ms) ? owed_ms : next_ms;
}

/* A service manager that ends what a service has left waits for it, a minute and more: then the time has come. */
static volatile sig_atomic_t is_to_go;

static void note_stop(int signal) {
    (void) signal;
    is_to_go = 1;
}

static void listen_to_stop_signals(void) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = note_stop}; /* no SA_RESTART: it ends the pause */

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}

static void wait_for_digest(struct qmon__pass *pass) {
    bool last = false;
    uint64_t end_ms = qmon_monotonic_ms() + PATIENCE_MS, next_ms;
    int lock = only_one(pass->config, "digest.lock");

    if (lock < 0) { /* it may be about to go, not having seen ours */
        qmon__pause_us(2 * STEP_MS * 1000u);
        lock = only_one(pass->config, "digest.lock");
    }
    if (lock < 0)
        return;
    qmon__die_in(PATIENCE_MS + DELIVERY_MS);
    do {
        last = is_to_go || qmon_monotonic_ms() + STEP_MS >= end_ms;
        pass->deadline_ms = qmon_monotonic_ms() + (is_to_go ? HASTE_MS : DELIVERY_MS);
        next_ms = qmon__tell_digests(pass, last);
        qmon__deliver(pass, NULL);
        if (next_ms != 0 && !last && !is_to_go)
            qmon__pause_us(STEP_MS * 1000u);
    } while (next_ms != 0 && !last);
    close(lock);
}

/* Who reads the program's standard error to its end is not to wait for minutes. What goes there is left to others. */
static void let_stderr_go(void) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (nothing >= 0)
        dup2(nothing, STDERR_FILENO);
    else
        close(STDERR_FILENO);
    if (nothing > STDERR_FILENO)
        close(nothing);
}

void qmon__wait_for_digest_apart(void) {
    struct qmon__pass pass;

    if (fork() != 0)
        return;
    malloc_trim(0); /* what a storm has taken is not kept for so long */
    let_stderr_go();
    listen_to_stop_signals();
    if (qmon__pass_open(&pass, qmon_monotonic_ms() + DELIVERY_MS) == 0) {
        ((struct qmon_config *) pass.config)->stderr_format[0] = '\0'; /* its own */
        wait_for_digest(&pass);
        qmon__pass_close(&pass);
    }
    _exit(0);
}
