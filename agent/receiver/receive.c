/*
 * `qmon receive`: started by the agent, takes a record over.
 *
 * TIME. The process that crashed waits for us, up to its deadline. Only what vanishes with it is done before it is let go: what
 * /proc says of it, and the symbols of files that are not on disk any more. The rest is done after a byte in a pipe has let it
 * go, or, without the pipe, by a forked child, which the host does not wait for. Where nothing could be done later (--hold: the
 * machine or container ends with the host; a record without a file), the host waits until the event is safe. Where an orphan
 * would be one more child to an ancestor of the host that is a subreaper (--stay), nothing is left to one.
 *
 * ENDS. SIGALRM ends us at the deadline, whatever hangs; the record then stays for recovery. SIGTERM, SIGINT and SIGHUP
 * are ignored: service managers send them to everything that a dead service leaves, and the record is nearly done.
 *
 * Whoever has done its own work looks for records that others left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/delivery.h>
#include <qmon/log.h>
#include <qmon/receiver.h>
#include <qmon/store.h>

#include "arguments.h"
#include "digest.h"
#include "identity.h"
#include "live.h"
#include "live_crash.h"
#include "manners.h"
#include "moment.h"
#include "oom.h"
#include "others.h"
#include "pass.h"
#include "procfs.h"
#include "ring.h"
#include "settle.h"

#define RECORD_FD 3
#define RELEASE_FD 4
#define BACKGROUND_MS 10000u /* for what nobody waits for */
#define RING_LINGER_MS 300u
#define RING_LIFE_MS 590000u /* the agent gives a ring's receiver ten minutes */
#define MARGIN_MS 300u       /* the agent kills us at the deadline: all must be said before */
#define MAPS_LIMIT (8u * 1024 * 1024)

struct work {
    const struct qmon__arguments *arguments;
    struct qmon__record_file file;
    struct qmon__pass pass;
    char record_name[NAME_MAX + 1]; /* also once the file is closed; empty: it has none */
    char *maps;                     /* of the process, read while it was there; NULL */
    bool releases;                  /* the host can be let go by a byte */
    bool has_file;                  /* others can see the record, so that it must be locked */
};

/* The host waits until all is done. */
static bool is_waited_for(const struct qmon__arguments *arguments) {
    return arguments->hold || arguments->stay;
}

/* Time for work that nobody waits for. */
static uint64_t background_ms(const struct qmon__arguments *arguments) {
    return is_waited_for(arguments) || arguments->deadline_ms > BACKGROUND_MS ? arguments->deadline_ms : BACKGROUND_MS;
}

/* What of the host can still be asked: itself while it is there, nobody else who took its number. */
static uint32_t live_pid(struct work *work) {
    struct qmon__proc_stat stat;
    return qmon__life_of(&work->file) == QMON__LIFE_ALIVE && qmon__proc_stat(work->arguments->pid, &stat) == 0 &&
                   stat.state != 'Z'
               ? work->arguments->pid
               : 0;
}

static bool begin_pass(struct work *work) {
    uint64_t patience_ms = background_ms(work->arguments);
    qmon__die_in(patience_ms);
    if (is_waited_for(work->arguments))
        patience_ms -= patience_ms / 4 < MARGIN_MS ? patience_ms / 4 : MARGIN_MS;
    if (qmon__pass_open(&work->pass, qmon_monotonic_ms() + patience_ms) < 0)
        return false;
    if (work->arguments->hold)
        qmon__pass_is_last(&work->pass);
    if (work->arguments->why != QMON__WHY_FOUND) /* where the host is another: the one that died is its child */
        work->pass.stderr_record = work->record_name;
    return true;
}

/* Whoever tells the end of a process waits for us, and who waits for that is held, too. In a container there may be one in any case:
 * a process 1 that ends when it has no children left, of which we are one. */
static bool holds_somebody(const struct work *work) {
    return is_waited_for(work->arguments) || work->arguments->kept ||
           (work->file.copy->process.flags & (QMON_PROCESS_INIT | QMON_PROCESS_CONTAINED)) != 0;
}

/* Takes the record for ourselves and looks at it again. False: another has it, or it is none. */
static bool begin_work(struct work *work, unsigned sections) {
    if (!begin_pass(work))
        return false;
    if (work->has_file &&
        qmon__record_lock_until(&work->file, QMON__LOCK_PROCESS, work->pass.deadline_ms - MARGIN_MS) < 0) {
        qmon_log("record %s is another receiver's; left to it", work->file.name);
        return false;
    }
    int error = qmon__record_load(&work->file, sections, true);
    if (error == -EBADMSG) {
        qmon_log("record %s is damaged: %s; it is moved aside", work->arguments->record, work->file.problem);
        qmon__count(&work->pass, "record.damaged", work->file.problem, 1);
        qmon__record_set_aside(&work->file);
    }
    work->pass.held = error == 0 && holds_somebody(work);
    return error == 0;
}

/* Before a process is made that outlives us: it is not to keep the host. */
static void close_release(struct work *work) {
    if (work->releases)
        close(RELEASE_FD);
    work->releases = false;
}

static void end_work(struct work *work) {
    close_release(work);
    bool digest_waits =
        qmon__see_to_others(&work->pass, &work->file, is_waited_for(work->arguments), work->arguments->kept);
    free(work->maps);
    qmon__record_close(&work->file);
    if (work->pass.store != NULL)
        qmon__pass_close(&work->pass);
    if (digest_waits)
        qmon__wait_for_digest_apart();
}

/* What the host, or a second receiver, had to do because we were not to look. */
static void count_refusals(struct work *work) {
    if (work->arguments->careful)
        qmon__count(&work->pass, "receiver.again", "a signal ended the first one, which looked into the process", 1);
    if (atomic_load(&work->file.copy->threads.count) > 0)
        qmon__count(&work->pass, "threads.kept", "ptrace is refused, so the process took their stacks itself", 1);
}

static bool settle(struct work *work, struct qmon__report *crash, bool no_delivery) {
    struct qmon__settlement settlement = {.crash = crash, .maps = work->maps, .no_delivery = no_delivery};
    settlement.forgetful = !work->has_file && (!qmon_store_is_durable(work->pass.store) ||
                                               work->file.copy->process.uid != geteuid()); /* another store */
    settlement.live_pid = crash != NULL ? crash->live_pid : live_pid(work);
    settlement.death.found_ns = qmon_real_ns();
    if (crash != NULL)
        count_refusals(work);
    bool kept = qmon__settle(&work->pass, &work->file, &settlement);
    if (kept)
        qmon__record_remove(&work->file);
    else
        qmon__count(&work->pass, "record.kept", "not all of it could be saved", 1);
    return kept;
}

/* The process does not leave its end to us any more; it may have done so before (enum qmon_attendance). */
static void stop_attending(struct work *work, bool begun) {
    const uint32_t leaving = QMON_ATTENDANCE_LEAVING;
    if (!work->has_file)
        return;
    qmon__record_write(&work->file, offsetof(struct qmon_record, process.attendance), &leaving, sizeof leaving);
    atomic_thread_fence(memory_order_seq_cst);
    if (begun && qmon__record_load(&work->file, QMON__LOAD_HEAD, true) == 0 &&
        atomic_load(&work->file.copy->header.state) == QMON_STATE_STOPPED)
        settle(work, NULL, false);
}

static int receive_start(struct work *work) {
    bool kept = false;
    const bool begun = begin_work(work, QMON__LOAD_HEAD);
    if (begun) {
        uint32_t pid = live_pid(work);
        qmon__note_session(&work->file, pid);
        qmon__note_control_group(&work->file, pid);
        kept = qmon__settle_start(&work->pass, &work->file, pid, false);
    }
    stop_attending(work, begun);
    end_work(work);
    return kept ? 0 : 1;
}

static int receive_exec(struct work *work) {
    bool kept = false;
    struct qmon__report report;
    const bool begun = begin_work(work, QMON__LOAD_HEAD);
    if (begun && qmon__settle_start(&work->pass, &work->file, live_pid(work), false) &&
        qmon__lifecycle_event(work->file.copy, QMON__PHASE_EXEC, NULL, work->file.copy->process.image_real_ns,
                              live_pid(work), &report) == 0) {
        kept = qmon__process(&work->pass, &report, &(struct qmon__handing){.quiet = true}) != QMON__KEPT_NOT;
        qmon_event_free(report.event);
    }
    stop_attending(work, begun);
    end_work(work);
    return kept ? 0 : 1;
}

/* Is there a pipe whose other end the process that the host waits for reads? What we execute does not get it. */
static bool has_release(const struct qmon__arguments *arguments) {
    struct stat status;
    return arguments->release && fstat(RELEASE_FD, &status) == 0 && S_ISFIFO(status.st_mode) &&
           fcntl(RELEASE_FD, F_SETFD, FD_CLOEXEC) == 0;
}

/* Lets the host go: we go on, or, where the process that it waits for is our parent and cannot be told, a child does. False: no child
 * could or may be made. */
static bool let_host_go(struct work *work) {
    if (work->arguments->stay)
        return false;
    const bool told = work->releases && write(RELEASE_FD, "", 1) == 1;
    close_release(work);
    if (told)
        return true;
    pid_t child = fork();
    if (child > 0)
        _exit(0);
    return child == 0;
}

/* Reports in the ring hold addresses: what lies there is known only while the process is. */
static void keep_maps(struct work *work) {
    size_t bytes;
    if (live_pid(work) != 0)
        work->maps = qmon__proc_read_all(work->arguments->pid, "maps", MAPS_LIMIT, &bytes);
}

/* A process that ends with reports in its ring waits for us, but not longer than for this. */
static void keep_maps_for_ring(struct work *work) {
    struct qmon__record_file *file = &work->file;
    if (qmon__record_load(file, QMON__LOAD_HEAD | QMON__LOAD_RING, false) < 0 ||
        atomic_load(&file->copy->ring.head) == atomic_load(&file->copy->ring.tail))
        return;
    keep_maps(work);
    if (work->has_file && !work->arguments->hold) {
        qmon__record_try_lock(file, QMON__LOCK_RING); /* or a receiver that comes late, without maps, would have it */
        qmon__record_try_lock(file, QMON__LOCK_PROCESS);
        let_host_go(work);
    }
}

/* In a container the host waits until its stop is told, as the container may end with it. Not so where it leaves a daemon,
 * which may wait for its end before it leaves the session; nothing is lost should the container end nevertheless, as the
 * record stays. Process 1 takes all the others along. */
static void let_forking_host_go(struct work *work) {
    struct qmon__record_file *file = &work->file;
    if (!work->arguments->hold || !work->has_file || qmon__record_load(file, QMON__LOAD_HEAD, false) < 0 ||
        (file->copy->process.flags & QMON_PROCESS_INIT) || !qmon__may_have_daemon(file))
        return;
    qmon__record_try_lock(file, QMON__LOCK_PROCESS);
    let_host_go(work);
}

static int receive_stop(struct work *work) {
    keep_maps_for_ring(work);
    let_forking_host_go(work);
    bool kept = begin_work(work, QMON__LOAD_HEAD) && settle(work, NULL, false);
    end_work(work);
    return kept ? 0 : 1;
}

static int receive_ring(struct work *work) {
    int error = -EIO;
    struct qmon__ring_tally tally;
    keep_maps(work);
    if (begin_pass(work) && qmon__record_load(&work->file, QMON__LOAD_HEAD, false) == 0) {
        work->pass.renewal_ms = background_ms(work->arguments);
        error = qmon__ring_consume(&work->pass, &work->file, live_pid(work), work->maps, RING_LINGER_MS,
                                   qmon_monotonic_ms() + RING_LIFE_MS, &tally);
    }
    end_work(work);
    return error == 0 || error == -EAGAIN || error == -ETIMEDOUT ? 0 : 1;
}

/* A child of the host's has died without a word: its record is among those that are left behind. */
static int receive_found(struct work *work) {
    bool begun = begin_pass(work);
    end_work(work);
    return begun ? 0 : 1;
}

/* Has every channel that wants the event got it? If not, who takes the record over tells them all: none of them is to get it from
 * our store, too. */
static bool is_told(struct work *work, const struct qmon_event *event) {
    const uint64_t never_ms = INT64_MAX / 2;
    const char *sinks[QMON_ROUTES];
    struct qmon_outbox_item item;
    bool told = qmon_route(event, work->pass.config, sinks) > 0;
    int left;
    while ((left = qmon_outbox_claim(work->pass.store, event->id, never_ms, 1, &item)) == 0) {
        qmon_outbox_item_clear(&item);
        told = false;
    }
    return told && left == 1;
}

/* A record without a file: the event must be in the store before the host goes; channels can wait if the store lasts. Where we
 * may not write to the state directory that was asked for (the process has dropped its privileges), the host's record is for
 * those who may, unless the channels have the event. */
static bool settle_without_file(struct work *work, struct qmon__report *report) {
    char state_dir[PATH_MAX];
    if (!begin_work(work, QMON__LOAD_HEAD))
        return false;
    bool elsewhere = qmon_state_dir(work->pass.config->state_dir, environ, state_dir, sizeof state_dir) != 0 ||
                     !qmon_store_is_durable(work->pass.store);
    bool later = !elsewhere && !work->arguments->hold;
    bool kept = settle(work, report, later);
    if (!later)
        return elsewhere ? is_told(work, report->event) : kept;
    qmon__pass_close(&work->pass);
    let_host_go(work);
    if (begin_pass(work))
        qmon__deliver(&work->pass, NULL);
    return kept;
}

static int receive_crash(struct work *work) {
    struct qmon__report report = {0};
    qmon__die_in(work->arguments->deadline_ms);
    int error = qmon__prepare_crash(&work->file, work->arguments, &report);
    bool kept = false;
    if (error == -EAGAIN) {
        close_release(work);
        qmon__record_close(&work->file);
        qmon_event_free(report.event);
        return QMON_RECEIVER_ASKS;
    }
    if (error < 0) {
        kept = begin_work(work, QMON__LOAD_HEAD) && settle(work, NULL, false); /* damaged: said and moved aside there */
    } else if (!work->has_file) {
        kept = settle_without_file(work, &report);
    } else {
        if (!work->arguments->hold) {
            qmon__record_try_lock(&work->file, QMON__LOCK_CRASH); /* another may be busy with its start, ... */
            qmon__record_try_lock(&work->file,
                                  QMON__LOCK_PROCESS); /* ... the child has both: nobody comes in between */
            if (let_host_go(work))
                report.live_pid = 0;
        }
        kept = begin_work(work, QMON__LOAD_HEAD) && settle(work, &report, false);
    }
    end_work(work);
    qmon_event_free(report.event);
    return kept ? 0 : 1;
}

int qmon_receive_main(int argc, char **argv) {
    static int (*const receivers[])(struct work * work) = {
        [QMON__WHY_START] = receive_start, [QMON__WHY_STOP] = receive_stop, [QMON__WHY_EXEC] = receive_exec,
        [QMON__WHY_CRASH] = receive_crash, [QMON__WHY_RING] = receive_ring, [QMON__WHY_FOUND] = receive_found};
    struct qmon__arguments arguments;
    const char *problem;
    if (qmon__parse_arguments(argc - 1, argv + 1, &arguments, &problem) < 0) {
        fprintf(stderr, "qmon receive: %s\n", problem);
        return 2;
    }
    qmon_store_keep_owners();
    qmon__default_signals();
    qmon__ignore_stop_signals();
    qmon__offer_to_oom_killer();
    qmon__give_way();
    qmon__die_in(background_ms(&arguments));
    struct work work = {.arguments = &arguments, .releases = has_release(&arguments)};
    int error = qmon__record_adopt(&work.file, RECORD_FD, arguments.record);
    if (error < 0) {
        fprintf(stderr, "qmon receive: no record on descriptor %d: %s\n", RECORD_FD, strerror(-error));
        return 2;
    }
    close(RECORD_FD);
    work.has_file = work.file.directory >= 0;
    memcpy(work.record_name, work.file.name, sizeof work.record_name);
    return receivers[arguments.why](&work);
}
