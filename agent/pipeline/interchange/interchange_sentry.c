/*
 * interchange_sentry.c: an event as Sentry takes it. A crash is an exception that nobody handled, an error report one that
 * was; exits, starts and stops are messages. Sentry drops what is too large or breaks its rules for names: both are kept to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/interchange.h>

#include "interchange.h"
#include "json_build.h"

#define TAG_BYTES 200u
#define NAME_BYTES 200u /* releases */
#define STAGE_BYTES 64u /* environments */
#define EXTRAS 64u

static const char *level_name(enum qmon_severity severity) {
    static const char *const names[] = {
        [QMON_SEVERITY_INFO] = "info",
        [QMON_SEVERITY_WARNING] = "warning",
        [QMON_SEVERITY_ERROR] = "error",
        [QMON_SEVERITY_CRITICAL] = "fatal",
    };
    return (size_t) severity < sizeof names / sizeof *names ? names[severity] : "error";
}

/* The id without its dashes. */
static void add_id(struct qmon__buffer *out, const struct qmon_event *event) {
    char id[QMON_EVENT_ID_BYTES];
    size_t at = 0;
    for (const char *c = event->id; *c; c++)
        if (*c != '-')
            id[at++] = *c;
    id[at] = '\0';
    qmon__put_text(out, "event_id", id, sizeof id);
}

/* Names of releases and environments may hold no line breaks, slashes and (environments) blanks. */
static void add_name(struct qmon__buffer *out, const char *key, const char *name, size_t max_bytes) {
    char text[NAME_BYTES + 1];
    size_t at = 0;
    if (!name || !*name || max_bytes > NAME_BYTES)
        return;
    for (; name[at] && at < max_bytes; at++)
        text[at] = (unsigned char) name[at] <= ' ' || strchr("/\\", name[at]) ? '-' : name[at];
    while (at > 0 && name[at] && ((unsigned char) name[at] & 0xc0) == 0x80)
        at--;
    text[at] = '\0';
    qmon__put_text(out, key, text, max_bytes);
}

static void add_release(struct qmon__buffer *out, const struct qmon_event *event) {
    const char *version = event->service.version;
    char text[2 * NAME_BYTES];
    if (!version || !*version || strcmp(version, "unknown") == 0)
        return;
    struct qmon__buffer name = {0};
    if (event->service.name && *event->service.name) {
        qmon__buffer_add(&name, event->service.name, strnlen(event->service.name, 100));
        qmon__buffer_byte(&name, '@');
    }
    qmon__buffer_string(&name, version);
    char *whole = qmon__buffer_take(&name);
    if (!whole) {
        out->failed = true;
        return;
    }
    snprintf(text, sizeof text, "%s", whole);
    free(whole);
    add_name(out, "release", text, NAME_BYTES);
}

static void add_message(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "logentry", '{');
    qmon__put_text(out, "formatted", event->title ? event->title : event->message ? event->message : "", 8192);
    qmon__put_close(out, '}');
}

static void add_mechanism(struct qmon__buffer *out, const struct qmon_event *event) {
    bool signalled = event->signal.number != 0;
    qmon__put_open(out, "mechanism", '{');
    qmon__put_text(out, "type", signalled ? "signalhandler" : event->kind == QMON_KIND_ERROR ? "generic" : "qmon", 32);
    qmon__put_bool(out, "handled", event->kind == QMON_KIND_ERROR);
    if (signalled && !event->exception.type)
        qmon__put_bool(out, "synthetic", true);
    qmon__put_text(out, "description", event->cause.detail, 1024);
    if (signalled) {
        qmon__put_open(out, "meta", '{');
        qmon__put_open(out, "signal", '{');
        qmon__put_signed(out, "number", event->signal.number);
        qmon__put_signed(out, "code", event->signal.code);
        qmon__put_text(out, "name", event->signal.name, 32);
        qmon__put_text(out, "code_name", event->signal.code_name, 32);
        qmon__put_close(out, '}');
        qmon__put_close(out, '}');
    }
    qmon__put_close(out, '}');
}

static void add_exception(struct qmon__buffer *out, const struct qmon_event *event,
                          const struct qmon__trace_limits *limits) {
    const char *value = event->exception.message ? event->exception.message : event->message;
    const char *type = event->exception.type ? event->exception.type : event->code;
    qmon__put_open(out, "exception", '{');
    qmon__put_open(out, "values", '[');
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "type", type ? type : qmon_kind_name(event->kind), 256);
    qmon__put_text(out, "value", value ? value : event->title, 8192);
    add_mechanism(out, event);
    if (event->thread_count) {
        qmon__put_number(out, "thread_id", event->threads[0].tid);
        qmon__sentry_stacktrace(out, event, &event->threads[0], limits->frames);
    }
    qmon__put_close(out, '}');
    qmon__put_close(out, ']');
    qmon__put_close(out, '}');
}

static void add_crumbs(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "breadcrumbs", '{');
    qmon__put_open(out, "values", '[');
    for (size_t i = 0; i < event->crumb_count && i < 100; i++) {
        const struct qmon_crumb *crumb = &event->crumbs[i];
        qmon__put_open(out, NULL, '{');
        qmon__put_time(out, "timestamp", crumb->time_ns);
        qmon__put_text(out, "category", "qmon", 16);
        qmon__put_text(out, "message", crumb->text, 1024);
        qmon__put_close(out, '}');
    }
    qmon__put_close(out, ']');
    qmon__put_close(out, '}');
}

static void add_process(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "process", '{');
    qmon__put_number(out, "pid", event->process.pid);
    qmon__put_number(out, "parent_pid", event->process.parent_pid);
    qmon__put_number(out, "uid", event->process.uid);
    qmon__put_text(out, "executable", event->process.executable, 1024);
    qmon__put_text(out, "command_line", event->process.command_line, 4096);
    qmon__put_text(out, "working_directory", event->process.working_directory, 1024);
    qmon__put_close(out, '}');
}

static void add_fact(void *context, const struct qmon__context_fact *fact) {
    if (fact->text)
        qmon__put_text(context, fact->key, fact->text, 512);
    else
        qmon__put_number(context, fact->key, fact->number);
}

static void add_machine(struct qmon__buffer *out, const struct qmon_event *event) {
    char name[QMON__RUNTIME_BYTES], version[QMON__RUNTIME_BYTES];
    if (qmon__split_runtime(event, name, version)) {
        qmon__put_open(out, "runtime", '{');
        qmon__put_text(out, "name", name, sizeof name);
        if (*version)
            qmon__put_text(out, "version", version, sizeof version);
        qmon__put_close(out, '}');
    }
    qmon__put_open(out, "process_state", '{');
    qmon__each_context(event, add_fact, out);
    qmon__put_close(out, '}');
    qmon__put_open(out, "registers", '{');
    qmon__each_register(event, add_fact, out);
    qmon__put_close(out, '}');
}

static void add_contexts(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "contexts", '{');
    qmon__put_open(out, "os", '{');
    qmon__put_text(out, "name", "Linux", 8);
    qmon__put_text(out, "kernel_version", qmon__kernel_release(event), 200);
    qmon__put_close(out, '}');
    qmon__put_open(out, "device", '{');
    qmon__put_text(out, "arch", event->host.arch ? event->host.arch : event->process.architecture, 64);
    qmon__put_close(out, '}');
    if (event->process.start_time_ns) {
        qmon__put_open(out, "app", '{');
        qmon__put_time(out, "app_start_time", event->process.start_time_ns);
        qmon__put_close(out, '}');
    }
    add_process(out, event);
    if (event->kind == QMON_KIND_CRASH)
        add_machine(out, event);
    qmon__put_open(out, "qmon", '{');
    qmon__put_text(out, "event", event->id, 64);
    qmon__put_text(out, "title", event->title, 1024);
    qmon__put_text(out, "cause", event->cause.kind, 200);
    qmon__put_text(out, "detail", event->cause.detail, 2048);
    qmon__put_text(out, "reason", event->lifecycle.reason, 1024);
    qmon__put_number(out, "seen", event->occurrences.total);
    qmon__put_number(out, "suppressed", event->occurrences.suppressed);
    qmon__put_open(out, "notes", '[');
    for (size_t i = 0; i < event->note_count && i < 32; i++)
        qmon__put_text(out, NULL, event->notes[i], 1024);
    qmon__put_close(out, ']');
    qmon__put_close(out, '}');
    qmon__put_close(out, '}');
}

static void add_tag(struct qmon__buffer *out, const char *key, const char *value) {
    char text[TAG_BYTES + 8];
    size_t at = 0;
    if (!value || !*value)
        return;
    for (; value[at] && at < sizeof text - 1; at++)
        text[at] = (unsigned char) value[at] < ' ' ? ' ' : value[at];
    text[at] = '\0';
    qmon__put_text(out, key, text, TAG_BYTES);
}

static void add_tags(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "tags", '{');
    add_tag(out, "kind", qmon_kind_name(event->kind));
    add_tag(out, "code", event->code);
    add_tag(out, "signal", event->signal.name);
    add_tag(out, "cause", event->cause.kind);
    add_tag(out, "service", event->service.name);
    add_tag(out, "instance", event->service.instance);
    add_tag(out, "container", event->host.container_id);
    add_tag(out, "phase", event->lifecycle.phase);
    qmon__put_close(out, '}');
}

static bool key_came_before(const struct qmon_pair *pairs, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (pairs[i].key && strcmp(pairs[i].key, pairs[at].key) == 0)
            return true;
    return false;
}

static void add_report(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_text(out, "transaction", event->report.endpoint, 200);
    if (event->report.user_id) {
        qmon__put_open(out, "user", '{');
        qmon__put_text(out, "id", event->report.user_id, 128);
        qmon__put_close(out, '}');
    }
    qmon__put_open(out, "extra", '{');
    for (size_t i = 0; i < event->report.extra_count && i < EXTRAS; i++)
        if (event->report.extra[i].key && !key_came_before(event->report.extra, i))
            qmon__put_text(out, event->report.extra[i].key, event->report.extra[i].value, 2048);
    qmon__put_close(out, '}');
}

static void add_sdk(struct qmon__buffer *out) {
    qmon__put_open(out, "sdk", '{');
    qmon__put_text(out, "name", "qmon", 8);
    qmon__put_text(out, "version", QMON_VERSION, 64);
    qmon__put_close(out, '}');
}

static void add_event(struct qmon__buffer *out, const struct qmon_event *event,
                      const struct qmon__trace_limits *limits) {
    bool is_exception =
        event->kind == QMON_KIND_CRASH || event->kind == QMON_KIND_ERROR || event->exception.type != NULL;
    qmon__put_open(out, NULL, '{');
    add_id(out, event);
    qmon__put_time(out, "timestamp", event->time_ns);
    qmon__put_text(out, "platform", "native", 8);
    qmon__put_text(out, "level", level_name(event->severity), 8);
    qmon__put_text(out, "logger", "qmon", 8);
    add_tag(out, "server_name", event->host.name);
    add_release(out, event);
    add_name(out, "environment", event->service.stage, STAGE_BYTES);
    if (*event->fingerprint) {
        qmon__put_open(out, "fingerprint", '[');
        qmon__put_text(out, NULL, event->fingerprint, sizeof event->fingerprint);
        qmon__put_close(out, ']');
    }
    add_message(out, event);
    if (is_exception)
        add_exception(out, event, limits);
    qmon__sentry_threads(out, event, limits, !is_exception);
    qmon__sentry_images(out, event);
    add_crumbs(out, event);
    add_contexts(out, event);
    add_tags(out, event);
    add_report(out, event);
    add_sdk(out);
    qmon__put_close(out, '}');
}

/* Halves what traces may take until the whole fits; what is not traces is bounded by itself. */
char *qmon_sentry_event(const struct qmon_event *event) {
    struct qmon__trace_limits limits = {.frames = 250, .threads = 256};
    for (;; limits.frames = (limits.frames + 1) / 2, limits.threads = (limits.threads + 1) / 2) {
        struct qmon__buffer out = {0};
        add_event(&out, event, &limits);
        if (out.failed || out.length <= QMON_SENTRY_BYTES || limits.frames == 1)
            return qmon__buffer_take(&out);
        qmon__buffer_free(&out);
    }
}

char *qmon_sentry_envelope(const struct qmon_event *event, uint64_t sent_ns) {
    struct qmon__buffer out = {0};
    char *payload = qmon_sentry_event(event);
    if (!payload)
        return NULL;
    qmon__put_open(&out, NULL, '{');
    add_id(&out, event);
    if (sent_ns)
        qmon__put_time(&out, "sent_at", sent_ns);
    add_sdk(&out);
    qmon__put_close(&out, '}');
    qmon__buffer_byte(&out, '\n');
    qmon__put_open(&out, NULL, '{');
    qmon__put_text(&out, "type", "event", 8);
    qmon__put_text(&out, "content_type", "application/json", 32);
    qmon__put_number(&out, "length", strlen(payload));
    qmon__put_close(&out, '}');
    qmon__buffer_byte(&out, '\n');
    qmon__buffer_string(&out, payload);
    qmon__buffer_byte(&out, '\n');
    free(payload);
    return qmon__buffer_take(&out);
}
