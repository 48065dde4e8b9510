/*
 * A death that nobody saw: what can be said of it honestly, and no more.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <qmon/render.h>
#include <qmon/text.h>

#include "identity.h"
#include "report.h"

struct words {
    const char *cause, *code, *title, *message;
};

static void say(struct qmon_event *event, const struct words *words) {
    event->cause.kind = words->cause;
    event->cause.detail = words->message;
    event->code = words->code;
    event->title = words->title;
    event->message = words->message;
}

static const char *program_name(const struct qmon_event *event) {
    return event->process.executable != NULL ? qmon_base_name(event->process.executable) : "the process";
}

/* SIGKILL, by somebody who has said so in the record. By a parent or another relative it is no accident: somebody wanted it. */
static void describe_kill(struct qmon_event *event, const struct qmon_record *record) {
    const struct qmon_record_killer *killer = &record->header.killer;
    const char *name = killer->name[0] != '\0' ? qmon_event_text(event, killer->name) : "a program";
    const bool parent = killer->pid == record->process.parent_pid, kin = killer->relation == QMON_KILLER_KIN;
    struct words words = {.cause = "killed", .code = "SIGKILL"};
    event->signal.number = SIGKILL;
    event->signal.name = words.code;
    event->signal.sender_pid = killer->pid;
    if (killer->pid == record->process.pid) {
        words.title = qmon_event_format(event, "%s killed itself (SIGKILL)", program_name(event));
        words.message = "The process sent SIGKILL to itself.";
    } else {
        words.title = qmon_event_format(event, "%s was killed by %s%s (SIGKILL)", program_name(event),
                                        parent ? "its parent, " : "", name);
        words.message = qmon_event_format(event, "The process was ended by SIGKILL, which %s%s (process %u%s) sent.",
                                          parent ? "its parent, " : "", name, killer->pid,
                                          kin && !parent ? ", of the same tree" : "");
        event->severity = parent || kin ? QMON_SEVERITY_WARNING : event->severity;
    }
    say(event, &words);
}

static void describe_known_signal(struct qmon_event *event, int signal, bool agentless) {
    const char *name = qmon_signal_name(signal);
    event->signal.number = signal;
    event->signal.name = name;
    if (name == NULL)
        name = qmon_event_format(event, "signal %d", signal);
    if (signal == SIGKILL) {
        say(event,
            &(struct words){.cause = "killed",
                            .code = name,
                            .title = qmon_event_format(event, "%s was killed (SIGKILL)", program_name(event)),
                            .message =
                                "The process was ended by SIGKILL: by somebody, by a supervisor, or by the kernel when "
                                "memory ran out. SIGKILL leaves a process no moment to say anything."});
        return;
    }
    say(event,
        &(struct words){
            .cause = "unseen-signal",
            .code = name,
            .title = qmon_event_format(event, "%s in %s, not captured", name, program_name(event)),
            .message =
                agentless
                    ? qmon_event_format(event,
                                        "The process was ended by %s. It had gone on as a program that runs without "
                                        "the agent (a static binary, one with privileges, of 32 bits, of another "
                                        "libc), so there is no trace.",
                                        name)
                    : qmon_event_format(event,
                                        "The process was ended by %s before the agent could capture anything: the "
                                        "signal was blocked when the fault came, or its handling itself failed.",
                                        name)});
}

static void describe_out_of_memory(struct qmon_event *event, const struct qmon__death *death) {
    event->signal.number = SIGKILL;
    event->signal.name = qmon_signal_name(SIGKILL);
    say(event,
        &(struct words){.cause = "out-of-memory",
                        .code = "SIGKILL",
                        .title = qmon_event_format(event, "%s was killed by the OOM killer", program_name(event)),
                        .message = death->evidence != NULL ? qmon_event_text(event, death->evidence)
                                                           : "The kernel killed the process because memory ran out."});
}

static void describe_lost_machine(struct qmon_event *event) {
    say(event,
        &(struct words){
            .cause = "lost-with-machine",
            .code = "KILLED",
            .title = qmon_event_format(event, "%s was lost with its machine", program_name(event)),
            .message = "The process was running when its machine went down without a shutdown: a power cut, a reset, a "
                       "kernel panic, or a shutdown that did not wait for it."});
}

static void describe_unknown(struct qmon_event *event, const struct qmon__death *death) {
    const char *evidence = death->evidence != NULL ? qmon_event_text(event, death->evidence) : "";
    say(event,
        &(struct words){
            .cause = "ended-without-trace",
            .code = "KILLED",
            .title = qmon_event_format(event, "%s ended without a trace", program_name(event)),
            .message = qmon_event_format(
                event,
                "The process is gone and could not say why. That is how SIGKILL (by somebody, a supervisor or the OOM "
                "killer) looks, an exit by the bare system call, or a fault while its signal was blocked.%s%s",
                evidence[0] != '\0' ? " " : "", evidence)});
}

int qmon__lost_event(const struct qmon_record *record, const struct qmon__death *death,
                     struct qmon__report *ret_report) {
    struct qmon_event *event = qmon__begin_event(record, death->found_ns, 0, ret_report);
    if (event == NULL)
        return -ENOMEM;
    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    if (death->out_of_memory)
        describe_out_of_memory(event, death);
    else if (death->known && death->signal == SIGKILL && record->header.killer.pid != 0)
        describe_kill(event, record);
    else if (death->known)
        describe_known_signal(event, death->signal,
                              death->agentless || atomic_load(&record->header.state) == QMON_STATE_EXEC);
    else if (death->machine_lost)
        describe_lost_machine(event);
    else
        describe_unknown(event, death);
    if (!death->known) {
        char from[40], to[40];
        qmon_event_note(event, "It was found dead afterwards: it ended between %s (its last sign of life) and %s.",
                        qmon_render_time(qmon__last_sign_ns(record), from, sizeof from),
                        qmon_render_time(death->found_ns, to, sizeof to));
    }
    qmon__add_crumbs(event, record);
    qmon__identify_event(event, record, "crash", 0);
    return 0;
}
