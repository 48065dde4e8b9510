#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/log.h>

#include "kin.h"
#include "last_lines.h"
#include "moment.h"
#include "ring.h"
#include "settle.h"
#include "threads.h"

static bool has_announced(const struct qmon__record_file *file, uint32_t bit) {
    const uint32_t elsewhere = QMON_ANNOUNCED_STOP | QMON_ANNOUNCED_TOLD; /* the start was not its to tell */
    if (file->copy->whereabouts.elsewhere == QMON_ELSEWHERE_TOLD && (bit & elsewhere) != 0)
        return true;
    return (atomic_load(&file->copy->process.announced) & bit) != 0;
}

static bool tell_lifecycle(struct qmon__pass *pass, struct qmon__record_file *file, enum qmon__phase phase,
                           const char *reason, uint64_t time_ns, bool time_known, uint32_t live_pid, bool no_delivery) {
    struct qmon__report report;
    if (qmon__lifecycle_event(file->copy, phase, reason, time_ns, live_pid, &report) < 0)
        return false;
    if (!time_known)
        report.event->lifecycle.uptime_ns = 0;
    struct qmon__handing handing = {.no_delivery = no_delivery};
    enum qmon__kept kept = qmon__process(pass, &report, &handing);
    qmon_event_free(report.event);
    if (kept == QMON__KEPT_NOT)
        return false;
    qmon__record_announce(file, phase == QMON__PHASE_STARTUP ? QMON_ANNOUNCED_START : QMON_ANNOUNCED_STOP);
    return true;
}

bool qmon__settle_start(struct qmon__pass *pass, struct qmon__record_file *file, uint32_t live_pid, bool no_delivery) {
    const struct qmon_record_process *process = &file->copy->process;
    if (!(process->flags & QMON_PROCESS_TELL_LIFECYCLE) || has_announced(file, QMON_ANNOUNCED_START))
        return true;
    return tell_lifecycle(pass, file, QMON__PHASE_STARTUP, NULL, process->created_real_ns, true, live_pid, no_delivery);
}

bool qmon__is_stop_signal(int signal) {
    static const int crashes[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGABRT, SIGTRAP,
                                  SIGSYS,  SIGKILL, SIGQUIT, SIGXCPU, SIGXFSZ};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        if (signal == crashes[i])
            return false;
    return true;
}

/* Says in the copy what a parent saw: the process itself could not. */
static void apply_known_end(struct qmon__record_file *file, struct qmon__settlement *settlement) {
    struct qmon_record_end *end = &file->copy->end;
    int status = settlement->wait_status;
    if (WIFSIGNALED(status) && end->how == QMON_END_SIGNAL && end->signal == WTERMSIG(status))
        return; /* the record knows more: who sent it */
    if (WIFEXITED(status) && end->how == QMON_END_EXIT && (end->status & 0xff) == WEXITSTATUS(status))
        return;
    settlement->death.known = WIFSIGNALED(status);
    if (settlement->death.known)
        settlement->death.signal = WTERMSIG(status);
    if (WIFEXITED(status))
        *end = (struct qmon_record_end){.how = QMON_END_EXIT, .status = WEXITSTATUS(status)};
    else if (WIFSIGNALED(status) && qmon__is_stop_signal(WTERMSIG(status)))
        *end = (struct qmon_record_end){.how = QMON_END_SIGNAL, .signal = WTERMSIG(status), .signal_code = 1};
    else
        return;
    end->real_ns = settlement->death.found_ns;
    end->boot_ns = 0;
}

/* Whoever killed it has said so: that is as good as what a parent would have seen. */
static void apply_killer(struct qmon__record_file *file, struct qmon__settlement *settlement) {
    const struct qmon_record_killer *killer = &file->copy->header.killer;
    const uint32_t state = atomic_load(&file->copy->header.state);
    const struct qmon__death *death = &settlement->death;
    if (killer->pid == 0 || settlement->has_end || death->known || death->out_of_memory || death->machine_lost ||
        (state != QMON_STATE_RUNNING && state != QMON_STATE_EXEC))
        return;
    settlement->has_end = true;
    settlement->wait_status = SIGKILL;
    if (killer->real_ns > file->copy->process.created_real_ns && killer->real_ns < death->found_ns)
        settlement->death.found_ns = killer->real_ns;
}

/* What the record says of the end, taken together with what others saw. */
enum ending { ENDING_CRASH, ENDING_STOP, ENDING_LOST, ENDING_UNTOLD, ENDING_ELSEWHERE };

/* Its other record, which cannot say so, is not to be found from here. */
static bool is_killed_unseen(const struct qmon__record_file *file, const struct qmon__settlement *settlement) {
    return file->copy->whereabouts.elsewhere == QMON_ELSEWHERE_UNSEEN && settlement->has_end &&
           WIFSIGNALED(settlement->wait_status) && WTERMSIG(settlement->wait_status) == SIGKILL;
}

static enum ending ending_of(const struct qmon__record_file *file, const struct qmon__settlement *settlement) {
    bool told = file->copy->end.how == QMON_END_EXIT || file->copy->end.how == QMON_END_SIGNAL;
    switch (atomic_load(&file->copy->header.state)) {
    case QMON_STATE_CRASHING:
    case QMON_STATE_SEALED:
        return ENDING_CRASH;
    case QMON_STATE_STOPPED: /* so it said, and then something else came */
        return settlement->death.known && !qmon__is_stop_signal(settlement->death.signal) ? ENDING_LOST : ENDING_STOP;
    case QMON_STATE_EXEC:
        if (file->copy->whereabouts.moved_to != 0 && !is_killed_unseen(file, settlement))
            return ENDING_ELSEWHERE;
        /* It went on as a program without the agent: only a parent knows more. */
        return settlement->has_end ? (told ? ENDING_STOP : ENDING_LOST) : ENDING_UNTOLD;
    default:
        return settlement->has_end && told ? ENDING_STOP : ENDING_LOST;
    }
}

/* It went on as a program that QMON_EXCLUDE names. */
static bool is_left_alone(const struct qmon__pass *pass, const struct qmon__record_file *file) {
    return atomic_load(&file->copy->header.state) == QMON_STATE_EXEC &&
           qmon_matches_path(&pass->config->exclude, file->copy->process.executable);
}

/* The event of a problem, saved once however often it is tried. */
static bool tell_end(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__report *report,
                     struct qmon__settlement *settlement) {
    struct qmon__handing handing = {
        .record = file, .quiet = has_announced(file, QMON_ANNOUNCED_TOLD), .no_delivery = settlement->no_delivery};
    enum qmon__kept kept = qmon__process(pass, report, &handing);
    settlement->events++;
    if (kept == QMON__KEPT)
        qmon__record_announce(file, QMON_ANNOUNCED_END);
    if (kept == QMON__KEPT_TOLD)
        qmon__record_announce(file, QMON_ANNOUNCED_TOLD);
    /* Without a store to come back to, told is all that can be had. */
    return kept == QMON__KEPT || (kept == QMON__KEPT_TOLD && !qmon_store_is_durable(pass->store) && !pass->makeshift);
}

static void add_last_lines(const struct qmon__pass *pass, const struct qmon__record_file *file,
                           struct qmon_event *event) {
    if (pass->config->stderr_lines > 0 && pass->stderr_record != NULL && strcmp(file->name, pass->stderr_record) == 0)
        qmon__add_last_lines(event, STDERR_FILENO, pass->config->stderr_lines);
}

static bool settle_crash(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement) {
    if (has_announced(file, QMON_ANNOUNCED_END))
        return true;
    if (settlement->crash != NULL) {
        add_last_lines(pass, file, settlement->crash->event);
        return tell_end(pass, file, settlement->crash, settlement);
    }
    struct qmon__report report;
    const unsigned sections = QMON__LOAD_CRASH | QMON__LOAD_MODULES | QMON__LOAD_CRUMBS | QMON__LOAD_THREADS;
    if (qmon__record_load(file, sections, true) < 0 ||
        qmon__crash_event(file->copy, settlement->death.found_ns, 0, &report) < 0)
        return false;
    qmon__add_kept_threads(report.event, file->copy);
    bool kept = tell_end(pass, file, &report, settlement);
    qmon_event_free(report.event);
    return kept;
}

static bool settle_exit(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement) {
    const struct qmon_record_end *end = &file->copy->end;
    if (end->how != QMON_END_EXIT || (end->status & 0xff) == 0 ||
        !(file->copy->process.flags & QMON_PROCESS_TELL_EXIT) || has_announced(file, QMON_ANNOUNCED_END))
        return true;
    if (qmon__stop_of_java(file->copy) != 0) {
        qmon__count(pass, "record.untold", "a Java VM's exit status for a stop signal", 1);
        return true;
    }
    struct qmon__report report;
    const bool may_be_panic = (end->status & 0xff) == QMON_PANIC_STATUS;
    qmon__record_load(file, QMON__LOAD_CRUMBS | (may_be_panic ? QMON__LOAD_CRASH | QMON__LOAD_MODULES : 0), true);
    if (qmon__exit_event(file->copy, end->status & 0xff, end->real_ns, settlement->live_pid, &report) < 0)
        return false;
    add_last_lines(pass, file, report.event);
    bool kept = tell_end(pass, file, &report, settlement);
    qmon_event_free(report.event);
    return kept;
}

/* A daemon goes on in the root's place: there is nothing more to tell of the root. */
static bool hand_over(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement,
                      bool unseen) {
    uint32_t daemon = qmon__hand_over_to_daemon(file, unseen, pass->deadline_ms);
    if (daemon == 0)
        return false;
    qmon_log("process %u is daemonized: %u goes on in its place", file->copy->process.pid, daemon);
    settlement->superseded = true;
    return true;
}

static bool settle_lost(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement) {
    const struct qmon__death *death = &settlement->death;
    if (has_announced(file, QMON_ANNOUNCED_END))
        return true;
    const bool unknown = !death->known && !death->out_of_memory && !death->machine_lost;
    if (unknown && hand_over(pass, file, settlement, true))
        return true;
    if (unknown && (file->copy->process.flags & QMON_PROCESS_ENDS_RAW) != 0) {
        qmon__count(pass, "record.untold", "its runtime ends without a word, well or not", 1);
        return true;
    }
    struct qmon__report report;
    qmon__record_load(file, QMON__LOAD_CRUMBS, true);
    if (qmon__lost_event(file->copy, death, &report) < 0)
        return false;
    bool kept = tell_end(pass, file, &report, settlement);
    qmon_event_free(report.event);
    return kept;
}

static void stop_reason(const struct qmon__record_file *file, const struct qmon__settlement *settlement,
                        enum ending ending, char *ret_text, size_t bytes, uint64_t *ret_time_ns) {
    *ret_time_ns = settlement->death.found_ns;
    switch (ending) {
    case ENDING_CRASH:
        qmon__crash_reason(file->copy, ret_text, bytes);
        if (file->copy->crash.real_ns != 0)
            *ret_time_ns = file->copy->crash.real_ns;
        break;
    case ENDING_STOP:
        qmon__end_reason(file->copy, ret_text, bytes);
        if (file->copy->end.real_ns != 0)
            *ret_time_ns = file->copy->end.real_ns;
        break;
    case ENDING_UNTOLD:
    case ENDING_ELSEWHERE:
        snprintf(ret_text, bytes, "went on as a program without the agent; its end is unknown");
        break;
    case ENDING_LOST:
        if (settlement->death.known || settlement->death.out_of_memory) {
            const char *name = qmon_signal_name(settlement->death.signal);
            snprintf(ret_text, bytes, "signal %s%s", name != NULL ? name : "unknown",
                     settlement->death.out_of_memory ? " (OOM killer)" : "");
        } else {
            snprintf(ret_text, bytes, "%s",
                     settlement->death.machine_lost                             ? "lost with its machine"
                     : (file->copy->process.flags & QMON_PROCESS_ENDS_RAW) != 0 ? "its runtime does not say how"
                                                                                : "ended without a trace");
        }
        break;
    }
}

static bool settle_stop(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement,
                        enum ending ending) {
    const struct qmon_record *record = file->copy;
    if (settlement->superseded || ending == ENDING_ELSEWHERE ||
        !(record->process.flags & QMON_PROCESS_TELL_LIFECYCLE) || has_announced(file, QMON_ANNOUNCED_STOP))
        return true;
    if (ending == ENDING_STOP && record->end.how == QMON_END_EXIT && (record->end.status & 0xff) == 0) {
        if (hand_over(pass, file, settlement, false))
            return true;
    }
    char reason[256];
    uint64_t time_ns;
    stop_reason(file, settlement, ending, reason, sizeof reason, &time_ns);
    settlement->events++;
    bool time_known = ending == ENDING_CRASH || ending == ENDING_STOP || settlement->has_end;
    return tell_lifecycle(pass, file, QMON__PHASE_SHUTDOWN, reason, time_ns, time_known, settlement->live_pid,
                          settlement->no_delivery);
}

static void count_unwatched_timers(struct qmon__pass *pass, struct qmon__record_file *file) {
    const uint32_t count = atomic_load(&file->copy->ring.unwatched_timers), none = 0;
    if (count == 0)
        return;
    qmon__count(pass, "timers.unwatched", "too many different functions and values", count);
    qmon__record_write(file, offsetof(struct qmon_record, ring.unwatched_timers), &none, sizeof none);
}

/* Reports that found no room are told with the next that finds some; those after the last one are told here. */
static void count_dropped(struct qmon__pass *pass, struct qmon__record_file *file) {
    struct qmon_record_ring *ring = &file->copy->ring;
    if (qmon__record_load(file, QMON__LOAD_RING, true) < 0)
        return;
    count_unwatched_timers(pass, file);
    uint32_t dropped = atomic_load(&ring->dropped);
    uint32_t untold = dropped - atomic_load(&ring->reported_dropped);
    if (untold == 0 || untold > INT32_MAX)
        return;
    qmon__count(pass, "ring.dropped", "no room in the ring", untold);
    qmon__record_write(file, offsetof(struct qmon_record, ring.reported_dropped), &dropped, sizeof dropped);
}

/* Reports that nobody took out while the process lived. False: they are still there. */
static bool settle_ring(struct qmon__pass *pass, struct qmon__record_file *file,
                        const struct qmon__settlement *settlement) {
    for (unsigned tries = 0;; tries++) {
        struct qmon__ring_tally tally;
        int error =
            qmon__ring_consume(pass, file, settlement->live_pid, settlement->maps, 0, pass->deadline_ms, &tally);
        if (error == 0)
            return true;
        /* A receiver that was started for the ring is still at it. */
        if (error != -EAGAIN || qmon_monotonic_ms() + 500 > pass->deadline_ms)
            return false;
        qmon__pause_us(tries < 10 ? 1000 : 10000);
    }
}

/* Seen by a parent to be ended by a signal: then it does not matter that the agent never ran in it. */
static bool was_ended(const struct qmon__settlement *settlement) {
    return settlement->has_end && WIFSIGNALED(settlement->wait_status) &&
           !qmon__is_stop_signal(WTERMSIG(settlement->wait_status));
}

bool qmon__settle(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement) {
    uint32_t state = atomic_load(&file->copy->header.state);
    if (state == QMON_STATE_DONE)
        return true;
    bool unstarted = (file->copy->process.flags & QMON_PROCESS_UNSTARTED) != 0;
    apply_killer(file, settlement);
    if (state == QMON_STATE_EMPTY || (unstarted && !was_ended(settlement))) {
        qmon__count(pass, "record.untold", unstarted ? "its program never ran the agent" : "never begun", 1);
        return qmon__record_set_state(file, QMON_STATE_DONE) == 0;
    }
    if (settlement->has_end && state != QMON_STATE_CRASHING && state != QMON_STATE_SEALED)
        apply_known_end(file, settlement);
    enum ending ending = ending_of(file, settlement);
    if (ending == ENDING_LOST && is_left_alone(pass, file)) {
        qmon__count(pass, "record.untold", "its program is left alone", 1);
        ending = ENDING_UNTOLD;
    }
    if (ending == ENDING_CRASH || ending == ENDING_STOP)
        qmon__succeed_root(file);
    bool kept = settlement->forgetful || qmon__settle_start(pass, file, settlement->live_pid, settlement->no_delivery);
    kept = settle_ring(pass, file, settlement) && kept;
    count_dropped(pass, file);
    if (ending == ENDING_CRASH)
        kept = settle_crash(pass, file, settlement) && kept;
    else if (ending == ENDING_STOP)
        kept = settle_exit(pass, file, settlement) && kept;
    else if (ending == ENDING_LOST)
        kept = settle_lost(pass, file, settlement) && kept;
    kept = settle_stop(pass, file, settlement, ending) && kept;
    if (kept)
        qmon__record_set_state(file, QMON_STATE_DONE);
    return kept;
}
