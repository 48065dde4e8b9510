#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "moment.h"
#include "procfs.h"
#include "report.h"
#include "sender.h"

#define DAY_NS (24ull * 3600 * 1000000000)

struct qmon_event *qmon__begin_event(const struct qmon_record *record, uint64_t time_ns, uint32_t live_pid,
                                     struct qmon__report *ret_report) {
    uint64_t now_ns = qmon_real_ns();
    /* Clocks are set now and then; a record's time is believed unless it is absurd. */
    struct qmon_event *event = qmon_event_new(time_ns == 0 || time_ns > now_ns + DAY_NS ? now_ns : time_ns);
    if (event == NULL)
        return NULL;
    *ret_report = (struct qmon__report){.event = event, .live_pid = live_pid};
    qmon__identify_process(event, record, live_pid);
    return event;
}

struct sent {
    int signal, code;
    uint32_t pid, uid;
    uint64_t boot_ns;
};

static void describe_sender(const struct qmon_record *record, const struct sent *sent, char *ret_text, size_t bytes) {
    char name[QMON__SENDER_BYTES];
    if (qmon__sender_name(record, sent->pid, sent->boot_ns, name, sizeof name))
        snprintf(ret_text, bytes, " from pid %u (%s)", sent->pid, name);
    else
        snprintf(ret_text, bytes, " from pid %u (uid %u)", sent->pid, sent->uid);
}

static void signal_reason(const struct qmon_record *record, const struct sent *sent, char *ret_text, size_t bytes) {
    const char *name = qmon_signal_name(sent->signal);
    char sender[QMON__SENDER_BYTES + 32] = "";
    if (sent->code <= 0 && sent->pid == record->process.pid)
        snprintf(sender, sizeof sender, " from itself");
    else if (sent->code <= 0 && sent->pid != 0)
        describe_sender(record, sent, sender, sizeof sender);
    if (name != NULL)
        snprintf(ret_text, bytes, "signal %s%s", name, sender);
    else
        snprintf(ret_text, bytes, "signal %d%s", sent->signal, sender);
}

int qmon__stop_of_java(const struct qmon_record *record) {
    const char *slash = strrchr(record->process.executable, '/');
    const int signal = (record->end.status & 0xff) - 128;
    const bool stop = signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
    return record->end.how == QMON_END_EXIT && stop && slash != NULL && strcmp(slash, "/java") == 0 ? signal : 0;
}

void qmon__end_reason(const struct qmon_record *record, char *ret_text, size_t bytes) {
    const struct qmon_record_end *end = &record->end;
    const int stop = qmon__stop_of_java(record);
    if (stop != 0)
        snprintf(ret_text, bytes, "exit status %d, a Java VM's way to end by %s", end->status & 0xff,
                 qmon_signal_name(stop));
    else if (end->how == QMON_END_EXIT)
        snprintf(ret_text, bytes, "exit status %d", end->status & 0xff);
    else if (end->how == QMON_END_SIGNAL)
        signal_reason(record,
                      &(struct sent){end->signal, end->signal_code, end->sender_pid, end->sender_uid, end->boot_ns},
                      ret_text, bytes);
    else
        snprintf(ret_text, bytes, "unknown");
}

void qmon__crash_reason(const struct qmon_record *record, char *ret_text, size_t bytes) {
    const struct qmon_record_crash *crash = &record->crash;
    if (crash->origin == QMON_ORIGIN_HANDLER && crash->exit_status != 0)
        snprintf(ret_text, bytes, "exit status %u", crash->exit_status & 0xff);
    else if (crash->signal > 0 && atomic_load(&crash->stage) >= QMON_STAGE_SIGNAL)
        signal_reason(record,
                      &(struct sent){crash->signal, crash->code, crash->sender_pid, crash->sender_uid, crash->boot_ns},
                      ret_text, bytes);
    else
        snprintf(ret_text, bytes, "crash");
}

static enum qmon_severity shutdown_severity(const struct qmon_record *record) {
    if (record->end.how == QMON_END_EXIT)
        return (record->end.status & 0xff) != 0 && qmon__stop_of_java(record) == 0 ? QMON_SEVERITY_WARNING
                                                                                   : QMON_SEVERITY_INFO;
    if (record->end.how == QMON_END_SIGNAL || atomic_load(&record->header.state) == QMON_STATE_EXEC)
        return QMON_SEVERITY_INFO;
    return QMON_SEVERITY_ERROR;
}

int qmon__lifecycle_event(const struct qmon_record *record, enum qmon__phase phase, const char *reason,
                          uint64_t time_ns, uint32_t live_pid, struct qmon__report *ret_report) {
    static const char *const names[] = {"startup", "exec", "shutdown"};
    struct qmon_event *event = qmon__begin_event(record, time_ns, live_pid, ret_report);
    if (event == NULL)
        return -ENOMEM;
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = phase == QMON__PHASE_SHUTDOWN ? shutdown_severity(record) : QMON_SEVERITY_INFO;
    event->lifecycle.phase = names[phase];
    event->lifecycle.reason = reason != NULL ? qmon_event_text(event, reason) : NULL;
    if (phase == QMON__PHASE_SHUTDOWN && event->time_ns > record->process.created_real_ns)
        event->lifecycle.uptime_ns = event->time_ns - record->process.created_real_ns;
    if (phase == QMON__PHASE_SHUTDOWN && record->end.how != QMON_END_NONE &&
        record->end.boot_ns > record->process.created_boot_ns)
        event->lifecycle.uptime_ns = record->end.boot_ns - record->process.created_boot_ns;
    if (phase == QMON__PHASE_SHUTDOWN && record->end.how == QMON_END_EXIT) {
        event->exit.present = true;
        event->exit.status = record->end.status & 0xff;
    }
    qmon__identify_event(event, record, names[phase], phase == QMON__PHASE_EXEC ? record->process.execs : 0);
    return 0;
}

static const char *said(struct qmon_event *event, const char *message) {
    return message[0] != '\0' ? qmon_redact(event, qmon_event_text(event, message)) : NULL;
}

/* Why, where the exit status is Rust's way to end a program that panicked. */
static void add_panic(struct qmon_event *event, const struct qmon_record *record) {
    const struct qmon_record_crash *panic = &record->crash;
    struct qmon_thread *thread = qmon_event_alloc(event, sizeof *thread);
    struct qmon_frame *frames = qmon_event_alloc(event, (panic->frame_count_inner + 1) * sizeof *frames);
    if (thread == NULL || frames == NULL)
        return;
    for (uint32_t i = 0; i < panic->frame_count_inner; i++)
        frames[i] = (struct qmon_frame){.index = i, .pc = panic->frames[i]};
    *thread = (struct qmon_thread){
        .tid = panic->tid, .crashed = true, .frames = frames, .frame_count = panic->frame_count_inner};
    if (panic->frame_count_inner == QMON_CRASH_FRAMES_HALF)
        thread->unwind_note = "only the innermost functions were kept";
    event->threads = thread;
    event->thread_count = 1;
    event->exception.type = "panic";
    event->exception.message = said(event, panic->exception_message);
    if (record->thrown.frame_count > 0) {
        qmon__add_thrown(event, &record->thrown);
        if (event->exception.message != NULL)
            qmon_event_note(event, "The main thread's own panic: %s", event->exception.message);
        event->exception.message = said(event, panic->abort_message);
    }
    qmon__modules_of_record(event, &record->modules);
}

int qmon__exit_event(const struct qmon_record *record, int status, uint64_t time_ns, uint32_t live_pid,
                     struct qmon__report *ret_report) {
    struct qmon_event *event = qmon__begin_event(record, time_ns, live_pid, ret_report);
    if (event == NULL)
        return -ENOMEM;
    event->kind = QMON_KIND_EXIT;
    event->severity = QMON_SEVERITY_ERROR;
    event->exit.present = true;
    event->exit.status = status;
    event->code = qmon_event_format(event, "exit:%d", status);
    if (status == QMON_PANIC_STATUS && record->crash.origin == QMON_ORIGIN_PANIC)
        add_panic(event, record);
    qmon__add_crumbs(event, record);
    qmon__identify_event(event, record, "exit", 0);
    return 0;
}
