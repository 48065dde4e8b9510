/* words.c: see words.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/render.h>

#include "words.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define ELLIPSIS_BYTES 3u
#define TRACE_COLUMNS 110
#define LEAST_TRACE_COLUMNS 40
#define LEAST_TRACE_ROWS 8
#define NS_IN_S UINT64_C(1000000000)
#define MOST_SECONDS UINT64_C(253402300799) /* end of the year 9999 */

static bool is_set(const char *text) {
    return text && text[0];
}

void qmon__words_begin(struct qmon_text *text, char *buffer, size_t bytes) {
    qmon_text_begin(text, buffer, bytes - ELLIPSIS_BYTES);
}

void qmon__words_end(struct qmon_text *text) {
    text->size += ELLIPSIS_BYTES;
    if (!text->cut)
        return;
    text->cut = false;
    qmon_text_add(text, ELLIPSIS);
    text->cut = true;
}

static void add(struct qmon_text *text, const char *words) {
    qmon_text_line(text, words, text->size, QMON_CUT_END);
}

void qmon__words_line(const char *words, char *ret_text, size_t bytes) {
    struct qmon_text text;

    qmon__words_begin(&text, ret_text, bytes);
    if (words)
        add(&text, words);
    qmon__words_end(&text);
}

void qmon__words_title(const struct qmon_event *event, bool with_service, char *ret_text, size_t bytes) {
    struct qmon_text text;

    qmon__words_begin(&text, ret_text, bytes);
    if (event->told.title) {
        add(&text, event->told.title);
        qmon__words_end(&text);
        return;
    }
    add(&text, is_set(event->title) ? event->title : qmon_kind_name(event->kind));
    if (with_service && is_set(event->service.name) && event->kind != QMON_KIND_LIFECYCLE) {
        qmon_text_add(&text, " \xe2\x80\x94 ");
        add(&text, event->service.name);
    }
    if (with_service && is_set(event->service.stage)) {
        qmon_text_add(&text, " (");
        add(&text, event->service.stage);
        qmon_text_add(&text, ")");
    }
    if (with_service && is_set(event->host.name)) {
        qmon_text_add(&text, " on ");
        add(&text, event->host.name);
    }
    qmon__words_end(&text);
}

static void next_line(struct qmon_text *text) {
    if (text->used)
        qmon_text_add(text, "\n");
}

static bool says(const char *text, const char *words) {
    return text && strstr(text, words);
}

static void add_lines(struct qmon_text *text, const char *lines) {
    while (*lines) {
        size_t bytes = strcspn(lines, "\n");
        char *line = strndup(lines, bytes);
        if (line)
            add(text, line);
        free(line);
        qmon_text_add(text, lines[bytes] ? "\n" : "");
        lines += bytes + (lines[bytes] == '\n');
    }
}

void qmon__words_what(const struct qmon_event *event, char *ret_text, size_t bytes) {
    const char *message = event->message, *type = event->exception.type, *detail = event->cause.detail;
    struct qmon_text text;

    qmon__words_begin(&text, ret_text, bytes);
    if (event->told.body) {
        add_lines(&text, event->told.body);
        qmon__words_end(&text);
        return;
    }
    if (is_set(message) && !says(event->title, message))
        add(&text, message);
    if (is_set(type) && !says(message, type) && !says(event->title, type)) {
        next_line(&text);
        add(&text, type);
        if (is_set(event->exception.message)) {
            qmon_text_add(&text, ": ");
            add(&text, event->exception.message);
        }
    }
    if (is_set(detail) && !says(message, detail)) {
        next_line(&text);
        add(&text, detail);
    }
    qmon__words_end(&text);
}

void qmon__words_often(const struct qmon_event *event, char *ret_text, size_t bytes) {
    uint64_t first_ns = event->occurrences.first_seen_ns;
    bool seen_before = first_ns != 0 && first_ns < event->time_ns && event->time_ns - first_ns > NS_IN_S;
    char number[32];
    struct qmon_text text;

    qmon__words_begin(&text, ret_text, bytes);
    if (event->occurrences.suppressed)
        qmon_text_format(&text, "and %s more since the last alert (suppressed)",
                         qmon_render_number(event->occurrences.suppressed, number, sizeof number));
    else if (event->occurrences.total > 1)
        qmon_text_format(&text, "%s times in this window",
                         qmon_render_number(event->occurrences.total, number, sizeof number));
    else
        qmon_text_add(&text, seen_before ? "first alert of this window" : "first alert");
    if (seen_before)
        qmon_text_format(&text, ", first seen %s", qmon_render_time(first_ns, number, sizeof number));
    qmon__words_end(&text);
}

void qmon__words_trace(const struct qmon_event *event, size_t max_rows, char *ret_text, size_t bytes) {
    struct qmon_render_options options = {.base_names = true, .max_rows = max_rows, .max_columns = TRACE_COLUMNS};
    char *trace = event->told.body ? NULL : qmon_render_trace_text(event, &options); /* the body is all there is */
    struct qmon_text text;

    while (trace && strlen(trace) > bytes - ELLIPSIS_BYTES - 1 && options.max_columns > LEAST_TRACE_COLUMNS) {
        size_t rows = options.max_rows * (bytes - ELLIPSIS_BYTES - 1) / strlen(trace);
        if (options.max_rows == LEAST_TRACE_ROWS)
            options.max_columns = LEAST_TRACE_COLUMNS;
        options.max_rows = rows < LEAST_TRACE_ROWS ? LEAST_TRACE_ROWS : rows;
        free(trace);
        trace = qmon_render_trace_text(event, &options);
    }
    size_t length = trace ? strlen(trace) : 0;
    if (length > 0 && trace[length - 1] == '\n')
        trace[length - 1] = '\0';
    qmon__words_begin(&text, ret_text, bytes);
    qmon_text_add(&text, trace ? trace : "");
    qmon__words_end(&text);
    free(trace);
}

void qmon__words_last_lines(const struct qmon_event *event, char *ret_text, size_t bytes) {
    struct qmon_text text;

    qmon__words_begin(&text, ret_text, bytes);
    for (size_t i = 0; !event->told.body && i < event->context.last_line_count; i++) {
        qmon_text_add(&text, i ? "\n" : "");
        qmon_text_add(&text, event->context.last_lines[i]);
    }
    qmon__words_end(&text);
}

static void add_fact(struct qmon__facts *facts, const char *label, const char *value) {
    if (!is_set(value) || facts->count == QMON__FACTS)
        return;
    struct qmon__fact *fact = &facts->items[facts->count++];
    fact->label = label;
    qmon__words_line(value, fact->value, sizeof fact->value);
}

static void add_process(struct qmon__facts *facts, const struct qmon_event *event) {
    const char *command = is_set(event->process.command_line) ? event->process.command_line : event->process.executable;
    char buffer[400];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer);
    if (event->process.pid)
        qmon_text_format(&text, "pid %" PRIu32 "%s", event->process.pid, is_set(command) ? ", " : "");
    if (is_set(command))
        add(&text, command);
    qmon__words_end(&text);
    add_fact(facts, "Process", buffer);
}

static void add_signal(struct qmon__facts *facts, const struct qmon_event *event) {
    char buffer[400];
    struct qmon_text text;

    if (!event->signal.number)
        return;
    qmon__words_begin(&text, buffer, sizeof buffer);
    if (event->signal.name)
        add(&text, event->signal.name);
    if (event->signal.code_name) {
        qmon_text_add(&text, " ");
        add(&text, event->signal.code_name);
    }
    if (event->signal.has_address)
        qmon_text_format(&text, " at 0x%" PRIx64, event->signal.address);
    if (event->signal.sender_pid)
        qmon_text_add(&text, " sent by ");
    if (event->signal.sender_pid && event->signal.sender_name) {
        add(&text, event->signal.sender_name);
        qmon_text_add(&text, ", ");
    }
    if (event->signal.sender_pid)
        qmon_text_format(&text, "pid %" PRIu32 ", uid %" PRIu32, event->signal.sender_pid, event->signal.sender_uid);
    qmon__words_end(&text);
    add_fact(facts, "Signal", buffer);
}

void qmon__words_facts(const struct qmon_event *event, struct qmon__facts *ret_facts) {
    char text[600];

    ret_facts->count = 0;
    if (event->told.body)
        return;
    if (qmon_render_where(event, true, text, sizeof text))
        add_fact(ret_facts, "Where", text);
    if (event->kind != QMON_KIND_LIFECYCLE) {
        qmon__words_often(event, text, sizeof text);
        add_fact(ret_facts, "How often", text);
        if (qmon_render_fleet(event, text, sizeof text))
            add_fact(ret_facts, "Fleet", text);
    }
    add_fact(ret_facts, "Service", event->service.name);
    add_fact(ret_facts, "Stage", event->service.stage);
    if (event->service.version && strcmp(event->service.version, "unknown") != 0)
        add_fact(ret_facts, "Version", event->service.version);
    add_fact(ret_facts, "Host", event->host.name);
    add_process(ret_facts, event);
    add_fact(ret_facts, "Runtime", event->process.runtime);
    add_signal(ret_facts, event);
    if (event->exit.present) {
        snprintf(text, sizeof text, "%d", event->exit.status);
        add_fact(ret_facts, "Exit status", text);
    }
    if (event->kind == QMON_KIND_ERROR)
        add_fact(ret_facts, "Code", event->code);
    add_fact(ret_facts, "Endpoint", event->report.endpoint);
    add_fact(ret_facts, "User", event->report.user_id);
    add_fact(ret_facts, "Container", event->host.container_id);
    add_fact(ret_facts, "Event", event->id);
}

size_t qmon__words_cut(const char *text, size_t most) {
    static const char ends[] = {'\n', ' '};
    size_t at = most;

    for (size_t i = 0; i < sizeof ends; i++)
        for (at = most; at > most / 2; at--)
            if (text[at] == ends[i])
                return at;
    at = most;
    while (at > most - 4 && ((unsigned char) text[at] & 0xc0) == 0x80)
        at--;
    for (size_t i = 1; i < sizeof "&quot;" - 1; i++)
        if (text[at - i] == ';')
            break;
        else if (text[at - i] == '&')
            return at - i;
    return at;
}

const char *qmon__words_key(const struct qmon_event *event) {
    if (qmon__words_is_resolved(event))
        return event->lifecycle.problem;
    return event->fingerprint[0] ? event->fingerprint : event->id;
}

bool qmon__words_is_problem(const struct qmon_event *event) {
    const char *phase = event->lifecycle.phase;

    return event->kind != QMON_KIND_LIFECYCLE ||
           (phase && (strcmp(phase, "digest") == 0 || strcmp(phase, "crash-loop") == 0));
}

bool qmon__words_is_resolved(const struct qmon_event *event) {
    return event->kind == QMON_KIND_LIFECYCLE && event->lifecycle.phase &&
           strcmp(event->lifecycle.phase, "resolved") == 0 && is_set(event->lifecycle.problem) &&
           strspn(event->lifecycle.problem, "0123456789abcdef") == QMON_EVENT_FINGERPRINT_BYTES - 1 &&
           strlen(event->lifecycle.problem) == QMON_EVENT_FINGERPRINT_BYTES - 1;
}

bool qmon__words_may_close(const struct qmon_config *config, const struct qmon_event *event) {
    const char *source = event->occurrences.source;

    if (!qmon__words_is_resolved(event))
        return false;
    return source || (!is_set(config->redis_url) && !is_set(config->redis_host));
}

const char *qmon__words_severity(const struct qmon_event *event, const char *const texts[4]) {
    switch (event->severity) {
    case QMON_SEVERITY_INFO:
        return texts[0];
    case QMON_SEVERITY_WARNING:
        return texts[1];
    case QMON_SEVERITY_ERROR:
        return texts[2];
    default:
        return texts[3];
    }
}

void qmon__words_time(uint64_t time_ns, char *ret_text, size_t bytes) {
    time_t seconds = (time_t) (time_ns / NS_IN_S);
    char stem[32];
    struct tm parts;

    ret_text[0] = '\0';
    if (time_ns / NS_IN_S > MOST_SECONDS || !gmtime_r(&seconds, &parts))
        return;
    if (strftime(stem, sizeof stem, "%Y-%m-%dT%H:%M:%S", &parts) > 0)
        snprintf(ret_text, bytes, "%s.%03" PRIu64 "Z", stem, time_ns % NS_IN_S / 1000000);
}
