/*
 * interchange_otlp.c: an event as an OpenTelemetry log record, in the JSON of OTLP: 64-bit integers are texts, enumerations
 * numbers. The resource says which process of which service on which host; the record says what happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/interchange.h>
#include <qmon/render.h>
#include <qmon/text.h>

#include "interchange.h"
#include "json_build.h"

#define SCHEMA_URL "https://opentelemetry.io/schemas/1.36.0" /* the semantic conventions that the names are from */
#define STACK_BYTES 160000u
#define EXTRAS 64u
#define VALUE_BYTES 4096u
#define KEY_BYTES 256u

static void add_text(struct qmon__buffer *out, const char *key, const char *text) {
    if (!text || !*text)
        return;
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "key", key, 256);
    qmon__put_open(out, "value", '{');
    qmon__put_text(out, "stringValue", text, VALUE_BYTES);
    qmon__put_close(out, '}');
    qmon__put_close(out, '}');
}

static void add_stack(struct qmon__buffer *out, const char *key, struct qmon__buffer *stack) {
    char *text = qmon__buffer_take(stack);
    if (text) {
        qmon__put_open(out, NULL, '{');
        qmon__put_text(out, "key", key, 256);
        qmon__put_open(out, "value", '{');
        qmon__put_long_text(out, "stringValue", text);
        qmon__put_close(out, '}');
        qmon__put_close(out, '}');
    } else {
        out->failed = true;
    }
    free(text);
}

static void add_integer(struct qmon__buffer *out, const char *key, uint64_t value) {
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "key", key, 256);
    qmon__put_open(out, "value", '{');
    qmon__put_digits(out, "intValue", value);
    qmon__put_close(out, '}');
    qmon__put_close(out, '}');
}

static void add_number(struct qmon__buffer *out, const char *key, uint64_t value) {
    if (value)
        add_integer(out, key, value);
}

/* The conventions have names of their own for machines. */
static const char *machine_name(const char *machine) {
    static const char *const names[][2] = {
        {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "x86"}, {"ppc64le", "ppc64"}};
    for (size_t i = 0; machine && i < sizeof names / sizeof *names; i++)
        if (strcmp(machine, names[i][0]) == 0)
            return names[i][1];
    return machine;
}

static void add_start_time(struct qmon__buffer *out, const struct qmon_event *event) {
    if (!event->process.start_time_ns)
        return;
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "key", "process.creation.time", 256);
    qmon__put_open(out, "value", '{');
    qmon__put_time(out, "stringValue", event->process.start_time_ns);
    qmon__put_close(out, '}');
    qmon__put_close(out, '}');
}

static void add_resource(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "resource", '{');
    qmon__put_open(out, "attributes", '[');
    add_text(out, "service.name", event->service.name ? event->service.name : "unknown_service");
    if (event->service.version && strcmp(event->service.version, "unknown") != 0)
        add_text(out, "service.version", event->service.version);
    add_text(out, "service.instance.id", event->service.instance);
    add_text(out, "deployment.environment.name", event->service.stage);
    add_text(out, "host.name", event->host.name);
    add_text(out, "host.arch", machine_name(event->host.arch));
    add_text(out, "os.type", "linux");
    add_text(out, "os.version", qmon__kernel_release(event));
    add_text(out, "container.id", event->host.container_id);
    add_number(out, "process.pid", event->process.pid);
    add_number(out, "process.parent_pid", event->process.parent_pid);
    add_text(out, "process.executable.path", event->process.executable);
    add_text(out, "process.executable.name", qmon_base_name(event->process.executable));
    add_text(out, "process.command_line", event->process.command_line);
    add_text(out, "process.working_directory", event->process.working_directory);
    if (event->process.pid)
        add_integer(out, "process.user.id", event->process.uid);
    add_start_time(out, event);
    char name[QMON__RUNTIME_BYTES], version[QMON__RUNTIME_BYTES];
    if (qmon__split_runtime(event, name, version)) {
        add_text(out, "process.runtime.name", name);
        add_text(out, "process.runtime.version", version);
    }
    qmon__put_close(out, ']');
    qmon__put_close(out, '}');
}

static unsigned severity_number(enum qmon_severity severity) {
    static const unsigned char numbers[] = {[QMON_SEVERITY_INFO] = 9,
                                            [QMON_SEVERITY_WARNING] = 13,
                                            [QMON_SEVERITY_ERROR] = 17,
                                            [QMON_SEVERITY_CRITICAL] = 21};
    return (size_t) severity < sizeof numbers ? numbers[severity] : 17;
}

/* Where in the code: the origin's place. */
static void add_code(struct qmon__buffer *out, const struct qmon_event *event) {
    const struct qmon_frame *origin = qmon_render_origin(event);
    if (!origin)
        return;
    add_text(out, "code.function.name", origin->function);
    add_text(out, "code.file.path", origin->file);
    if (origin->file) {
        add_number(out, "code.line.number", origin->line);
        add_number(out, "code.column.number", origin->column);
    }
    add_text(out, "qmon.module", origin->module);
    add_text(out, "qmon.module.build_id", origin->build_id);
}

/* Halves the limits until the text fits. */
static void stack_text(const struct qmon_event *event, bool all_threads, struct qmon__buffer *ret_stack) {
    struct qmon__trace_limits limits = {.frames = 512, .threads = 256};
    for (;; limits.frames /= 2, limits.threads /= 2) {
        *ret_stack = (struct qmon__buffer){0};
        if (all_threads)
            qmon__gdb_threads(ret_stack, event, &limits);
        else
            qmon__gdb_frames(ret_stack, event, &event->threads[0], limits.frames);
        if (ret_stack->failed || ret_stack->length <= STACK_BYTES || limits.frames <= 4)
            return;
        qmon__buffer_free(ret_stack);
    }
}

static void add_exception(struct qmon__buffer *out, const struct qmon_event *event) {
    struct qmon__buffer stack;
    bool is_exception =
        event->kind == QMON_KIND_CRASH || event->kind == QMON_KIND_ERROR || event->exception.type != NULL;
    if (is_exception) {
        add_text(out, "exception.type", event->exception.type ? event->exception.type : event->code);
        add_text(out, "exception.message", event->exception.message ? event->exception.message : event->message);
    }
    if (event->thread_count == 0)
        return;
    if (event->threads[0].frame_count || event->threads[0].runtime_frame_count) {
        stack_text(event, false, &stack);
        add_stack(out, is_exception ? "exception.stacktrace" : "code.stacktrace", &stack);
    }
    if (event->thread_count > 1) {
        stack_text(event, true, &stack);
        add_stack(out, "qmon.threads", &stack);
    }
    add_number(out, "thread.id", event->threads[0].tid);
    add_text(out, "thread.name", event->threads[0].name);
}

static void add_signal(struct qmon__buffer *out, const struct qmon_event *event) {
    if (!event->signal.number)
        return;
    add_integer(out, "qmon.signal.number", (uint64_t) event->signal.number);
    add_text(out, "qmon.signal.name", event->signal.name);
    add_text(out, "qmon.signal.code", event->signal.code_name);
    add_number(out, "qmon.signal.sender_pid", event->signal.sender_pid);
    add_text(out, "qmon.signal.sender_name", event->signal.sender_name);
}

/* How many pairs before this one have its key: attributes of one name are not allowed. */
static unsigned same_before(const struct qmon_pair *pairs, size_t at) {
    unsigned count = 0;
    for (size_t i = 0; i < at; i++)
        count += pairs[i].key && strcmp(pairs[i].key, pairs[at].key) == 0;
    return count;
}

static void add_report(struct qmon__buffer *out, const struct qmon_event *event) {
    char key[256];
    add_text(out, "user.id", event->report.user_id);
    add_text(out, "qmon.endpoint", event->report.endpoint);
    for (size_t i = 0; i < event->report.extra_count && i < EXTRAS; i++) {
        const struct qmon_pair *pair = &event->report.extra[i];
        if (!pair->key)
            continue;
        unsigned before = same_before(event->report.extra, i);
        if (before)
            snprintf(key, sizeof key, "qmon.extra.%.200s (%u)", pair->key, before + 1);
        else
            snprintf(key, sizeof key, "qmon.extra.%.200s", pair->key);
        add_text(out, key, pair->value);
    }
}

static void add_fact(struct qmon__buffer *out, const char *prefix, const struct qmon__context_fact *fact) {
    char key[KEY_BYTES];
    snprintf(key, sizeof key, "%s%.200s", prefix, fact->key);
    if (fact->text)
        add_text(out, key, fact->text);
    else
        add_integer(out, key, fact->number);
}

static void add_context(void *out, const struct qmon__context_fact *fact) {
    add_fact(out, "qmon.context.", fact);
}

static void add_register(void *out, const struct qmon__context_fact *fact) {
    add_fact(out, "qmon.register.", fact);
}

static void add_attributes(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "attributes", '[');
    add_text(out, "log.record.uid", event->id);
    add_text(out, "error.type", event->kind == QMON_KIND_LIFECYCLE ? NULL : event->code);
    add_exception(out, event);
    add_code(out, event);
    if (event->exit.present)
        add_integer(out, "process.exit.code", (uint64_t) (uint32_t) event->exit.status & 0xff);
    add_signal(out, event);
    add_text(out, "qmon.kind", qmon_kind_name(event->kind));
    add_text(out, "qmon.title", event->title);
    add_text(out, "qmon.cause.kind", event->cause.kind);
    add_text(out, "qmon.cause.detail", event->cause.detail);
    add_text(out, "qmon.lifecycle.phase", event->lifecycle.phase);
    add_text(out, "qmon.lifecycle.reason", event->lifecycle.reason);
    add_text(out, "qmon.fingerprint", event->fingerprint);
    add_number(out, "qmon.occurrences.total", event->occurrences.total);
    add_number(out, "qmon.occurrences.suppressed", event->occurrences.suppressed);
    qmon__each_context(event, add_context, out);
    qmon__each_register(event, add_register, out);
    add_report(out, event);
    qmon__put_close(out, ']');
}

static void add_record(struct qmon__buffer *out, const struct qmon_event *event, uint64_t observed_ns) {
    static const char *const names[] = {"qmon.crash", "qmon.exit", "qmon.error", "qmon.lifecycle"};
    static const char *const levels[] = {
        [QMON_SEVERITY_INFO] = "INFO",
        [QMON_SEVERITY_WARNING] = "WARN",
        [QMON_SEVERITY_ERROR] = "ERROR",
        [QMON_SEVERITY_CRITICAL] = "FATAL",
    };
    size_t severity = (size_t) event->severity < sizeof levels / sizeof *levels ? event->severity : QMON_SEVERITY_ERROR;
    const char *body = event->message ? event->message : event->title;
    qmon__put_open(out, NULL, '{');
    qmon__put_digits(out, "timeUnixNano", event->time_ns);
    qmon__put_digits(out, "observedTimeUnixNano", observed_ns ? observed_ns : event->time_ns);
    qmon__put_number(out, "severityNumber", severity_number(event->severity));
    qmon__put_text(out, "severityText", levels[severity], 16);
    if ((size_t) event->kind < sizeof names / sizeof *names)
        qmon__put_text(out, "eventName", names[event->kind], 32);
    qmon__put_open(out, "body", '{');
    qmon__put_text(out, "stringValue", body ? body : "", VALUE_BYTES);
    qmon__put_close(out, '}');
    add_attributes(out, event);
    qmon__put_close(out, '}');
}

char *qmon_otlp_logs(const struct qmon_event *event, uint64_t observed_ns) {
    struct qmon__buffer out = {0};
    qmon__put_open(&out, NULL, '{');
    qmon__put_open(&out, "resourceLogs", '[');
    qmon__put_open(&out, NULL, '{');
    add_resource(&out, event);
    qmon__put_open(&out, "scopeLogs", '[');
    qmon__put_open(&out, NULL, '{');
    qmon__put_open(&out, "scope", '{');
    qmon__put_text(&out, "name", "qmon", 16);
    qmon__put_text(&out, "version", QMON_VERSION, 64);
    qmon__put_close(&out, '}');
    qmon__put_open(&out, "logRecords", '[');
    add_record(&out, event, observed_ns);
    qmon__put_close(&out, ']');
    qmon__put_text(&out, "schemaUrl", SCHEMA_URL, 256);
    qmon__put_close(&out, '}');
    qmon__put_close(&out, ']');
    qmon__put_text(&out, "schemaUrl", SCHEMA_URL, 256);
    qmon__put_close(&out, '}');
    qmon__put_close(&out, ']');
    qmon__put_close(&out, '}');
    return qmon__buffer_take(&out);
}
