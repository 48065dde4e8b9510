/* describe_other.c: titles and messages of exits, errors, and the lifecycle. */
#include <inttypes.h>
#include <string.h>

#include <qmon/render.h>

#include "describe.h"

#define TITLE_COLUMNS 160
#define PANIC_COLUMNS 100

static const char *service_name(const struct qmon_event *event) {
    return event->service.name ? event->service.name : qmon__program_name(event);
}

static const char *after_words(struct qmon_event *event, uint64_t uptime_ns) {
    char uptime[32];

    if (uptime_ns == 0)
        return "";
    return qmon_event_format(event, " after %s", qmon_render_duration(uptime_ns, uptime, sizeof uptime));
}

/* What shells and supervisors mean by a status. */
static const char *status_words(struct qmon_event *event, int status) {
    if (status == 126)
        return " A shell says this of a command that it found but could not run.";
    if (status == 127)
        return " A shell says this of a command that it did not find.";
    const char *name = status > 128 ? qmon_signal_name(status - 128) : NULL;
    if (!name)
        return "";
    return qmon_event_format(event, " This is how a shell says that what it ran was ended by %s.", name);
}

/* Why the main thread was unwound to its start. Its own words say more than what is known of the library's function. */
static void describe_unwound(struct qmon_event *event) {
    const char *said = event->exception.message ? qmon__one_line(event, event->exception.message, PANIC_COLUMNS) : NULL;
    const char *first = qmon__first_thrower(event), *last = qmon__describe_where(event), *where = first ? first : last;
    struct qmon__cause cause = {.title = "Rust panic", .detail = "A Rust panic ended the program."};

    qmon__describe_panic(event, &cause);
    if (event->exception.thrown_count)
        cause.detail = qmon_event_format(event,
                                         "A thread panicked, and the main thread in its turn when it learned of "
                                         "that%s%s, which ended the program.",
                                         last ? ", in " : "", last ? last : "");
    event->cause.kind = "panic";
    event->cause.detail = cause.detail;
    if (said && *said)
        cause.title = qmon_event_format(event, "Rust panic: %s", said);
    event->title = where
                       ? qmon__one_line(event, qmon_event_format(event, "%s in %s", cause.title, where), TITLE_COLUMNS)
                       : cause.title;
}

static void describe_exit(struct qmon_event *event) {
    int status = event->exit.status;
    uint64_t start_ns = event->process.start_time_ns;
    uint64_t uptime_ns = start_ns && event->time_ns > start_ns ? event->time_ns - start_ns : 0;

    event->title = qmon_event_format(event, "exit status %d", status);
    event->message = qmon_event_format(event, "%s ended with exit status %d%s.%s", qmon__program_name(event), status,
                                       after_words(event, uptime_ns), status_words(event, status));
    if (event->exception.type)
        describe_unwound(event);
}

static void describe_error(struct qmon_event *event) {
    const char *code = event->code ? event->code : "error";
    bool said = event->message && event->message[0];
    const char *title =
        said ? qmon_event_format(event, "%s: %s", code, qmon__one_line(event, event->message, 120)) : code;

    if (event->report.endpoint)
        title = qmon_event_format(event, "%s at %s", title, event->report.endpoint);
    event->title = qmon__one_line(event, title, TITLE_COLUMNS);
    if (!said) {
        const char *where = qmon__describe_where(event);
        event->message = where ? qmon_event_format(event, "The program reported \"%s\" in %s.", code, where)
                               : qmon_event_format(event, "The program reported \"%s\".", code);
    }
}

static void describe_start(struct qmon_event *event) {
    const char *version = event->service.version, *host = event->host.name;
    bool versioned = version && strcmp(version, "unknown") != 0;

    event->title = qmon_event_format(event, "%s started", service_name(event));
    event->message = qmon_event_format(event, "%s%s%s started%s%s as process %" PRIu32 "%s%s.", service_name(event),
                                       versioned ? " " : "", versioned ? version : "", host ? " on " : "",
                                       host ? host : "", event->process.pid, event->process.command_line ? ": " : "",
                                       event->process.command_line ? event->process.command_line : "");
}

static void describe_stop(struct qmon_event *event) {
    const char *reason = event->lifecycle.reason ? event->lifecycle.reason : "unknown";
    const char *after = after_words(event, event->lifecycle.uptime_ns);
    const char *joint = strncmp(reason, "signal ", 7) == 0 ? " by " : strcmp(reason, "crash") == 0 ? " by a " : ": ";

    event->title = qmon__one_line(
        event, qmon_event_format(event, "%s stopped%s%s%s", service_name(event), joint, reason, after), TITLE_COLUMNS);
    event->message =
        qmon_event_format(event, "%s%s%s stopped%s%s%s.", service_name(event), event->host.name ? " on " : "",
                          event->host.name ? event->host.name : "", joint, reason, after);
}

static void describe_exec(struct qmon_event *event) {
    const bool same = strcmp(service_name(event), qmon__program_name(event)) == 0;
    event->title = same ? qmon_event_format(event, "%s took the place of the program before it", service_name(event))
                        : qmon_event_format(event, "%s runs %s now", service_name(event), qmon__program_name(event));
    event->message = qmon_event_format(
        event, "Process %" PRIu32 " of %s replaced its program (exec): %s.", event->process.pid, service_name(event),
        event->process.command_line ? event->process.command_line : qmon__program_name(event));
}

static void describe_lifecycle(struct qmon_event *event) {
    const char *phase = event->lifecycle.phase ? event->lifecycle.phase : "";

    if (strcmp(phase, "startup") == 0)
        describe_start(event);
    else if (strcmp(phase, "exec") == 0)
        describe_exec(event);
    else
        describe_stop(event);
}

void qmon_describe(struct qmon_event *event) {
    switch (event->kind) {
    case QMON_KIND_EXIT:
        describe_exit(event);
        break;
    case QMON_KIND_ERROR:
        describe_error(event);
        break;
    case QMON_KIND_LIFECYCLE:
        describe_lifecycle(event);
        break;
    case QMON_KIND_CRASH: {
        const struct qmon_crash_facts nothing = {0};
        qmon_describe_crash(event, &nothing);
        return;
    }
    }
    event->message = qmon_redact(event, event->message);
    event->title = qmon_redact(event, event->title);
}
