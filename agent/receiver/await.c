#include <errno.h>
#include <unistd.h>

#include <qmon/config.h>
#include <qmon/receiver.h>

#include "live.h"
#include "moment.h"
#include "places.h"

struct watch {
    uint32_t pid; /* 0 any */
    bool busy;
};

static bool is_unfinished(struct qmon__record_file *file) {
    if (qmon__record_is_locked(file, QMON__LOCK_PROCESS))
        return true;
    if (qmon__record_load(file, QMON__LOAD_HEAD, true) < 0 || atomic_load(&file->copy->header.state) == QMON_STATE_DONE)
        return false;
    enum qmon__life life = qmon__life_of(file);
    return life == QMON__LIFE_DEAD || life == QMON__LIFE_DEAD_BOOT;
}

static bool look(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    struct watch *watch = context;
    if (watch->pid != 0 && parsed->pid != watch->pid)
        return true;
    struct qmon__record_file file;
    if (qmon__record_open_at(&file, directory, name) < 0)
        return true;
    if (is_unfinished(&file))
        watch->busy = true;
    qmon__record_close(&file);
    return !watch->busy;
}

int qmon_await(const char *state_dir, uint32_t pid, uint64_t timeout_ms) {
    struct qmon_config *config = qmon_config_load(environ);
    uint64_t end_ms = qmon_monotonic_ms() + timeout_ms;
    int result = -ETIMEDOUT;
    for (unsigned pause_us = 500;; pause_us = pause_us < 20000 ? pause_us * 2 : pause_us) {
        struct qmon__places places; /* they may come into being meanwhile */
        struct watch watch = {.pid = pid};
        qmon__places_open(&places, state_dir, config);
        qmon__places_visit(&places, look, &watch);
        qmon__places_close(&places);
        if (!watch.busy) {
            result = 0;
            break;
        }
        if (qmon_monotonic_ms() >= end_ms)
            break;
        qmon__pause_us(pause_us);
    }
    qmon_config_free(config);
    return result;
}

struct live_visit {
    void (*visit)(void *context, const struct qmon_live_process *process);
    void *context;
};

static bool visit_one(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    const struct live_visit *live = context;
    (void) parsed;
    struct qmon__record_file file;
    if (qmon__record_open_at(&file, directory, name) < 0)
        return true;
    if (qmon__life_of(&file) == QMON__LIFE_ALIVE) {
        const struct qmon_record_process *process = &file.copy->process;
        struct qmon_live_process found = {.pid = process->pid,
                                          .root = (process->flags & QMON_PROCESS_ROOT) != 0,
                                          .created_real_ns = process->created_real_ns,
                                          .executable = process->executable};
        if (!(process->flags & QMON_PROCESS_UNSTARTED))
            live->visit(live->context, &found);
    }
    qmon__record_close(&file);
    return true;
}

int qmon_visit_live(const char *state_dir, void (*visit)(void *context, const struct qmon_live_process *process),
                    void *context) {
    struct qmon_config *config = qmon_config_load(environ);
    struct live_visit live = {.visit = visit, .context = context};
    struct qmon__places places;
    qmon__places_open(&places, state_dir, config);
    qmon__places_visit(&places, visit_one, &live);
    qmon__places_close(&places);
    qmon_config_free(config);
    return 0;
}
