/* slack_facts.c: who and where in the fleet: the fields of a message, a report's extras, a start or stop in one line. */
#include <inttypes.h>
#include <string.h>

#include <qmon/render.h>

#include "slack_render.h"
#include "slack_text.h"
#include "words.h"

#define FIELD_COLUMNS 120
#define EXTRAS_BYTES 1600

struct fields {
    struct qmon__slack_message *message;
    struct json_object *list;
    unsigned count;
};

static void begin_field(struct qmon_text *text, char *buffer, size_t bytes, const char *label) {
    qmon__words_begin(text, buffer, bytes);
    qmon_text_format(text, "*%s*\n", label);
}

static void end_field(struct fields *fields, struct qmon_text *text) {
    qmon__words_end(text);
    if (fields->count == QMON__SLACK_FIELDS)
        return;
    fields->count++;
    qmon__slack_list_add(fields->message, fields->list, QMON__SLACK_MRKDWN, text->at);
}

static void add_field(struct fields *fields, const char *label, const char *value) {
    char buffer[QMON__SLACK_FIELD];
    struct qmon_text text;

    if (!value || !value[0])
        return;
    begin_field(&text, buffer, sizeof buffer, label);
    qmon__slack_code(&text, value, FIELD_COLUMNS);
    end_field(fields, &text);
}

static void add_signal(struct fields *fields, const struct qmon_event *event) {
    char buffer[QMON__SLACK_FIELD];
    struct qmon_text text;

    if (!event->signal.number)
        return;
    begin_field(&text, buffer, sizeof buffer, "Signal");
    qmon__slack_code(&text, event->signal.name, 20);
    if (event->signal.code_name) {
        qmon_text_add(&text, " ");
        qmon__slack_code(&text, event->signal.code_name, 30);
    }
    if (event->signal.has_address)
        qmon_text_format(&text, " at `0x%" PRIx64 "`", event->signal.address);
    if (event->signal.sender_pid)
        qmon_text_add(&text, " sent by ");
    if (event->signal.sender_pid && event->signal.sender_name) {
        qmon__slack_code(&text, event->signal.sender_name, 60);
        qmon_text_add(&text, ", ");
    }
    if (event->signal.sender_pid)
        qmon_text_format(&text, "pid `%" PRIu32 "`, uid `%" PRIu32 "`", event->signal.sender_pid,
                         event->signal.sender_uid);
    end_field(fields, &text);
}

static void add_exit_status(struct fields *fields, const struct qmon_event *event) {
    char buffer[64];
    struct qmon_text text;

    if (!event->exit.present)
        return;
    begin_field(&text, buffer, sizeof buffer, "Exit status");
    qmon_text_format(&text, "`%d`", event->exit.status);
    end_field(fields, &text);
}

static void add_process(struct fields *fields, const struct qmon_event *event) {
    char buffer[QMON__SLACK_FIELD];
    struct qmon_text text;
    const char *command = event->process.command_line;

    if (!command || !command[0])
        command = event->process.executable;
    if (!event->process.pid && !command)
        return;
    begin_field(&text, buffer, sizeof buffer, "Process");
    if (event->process.pid)
        qmon_text_format(&text, "pid `%" PRIu32 "` ", event->process.pid);
    if (command && command[0])
        qmon__slack_code(&text, command, 200);
    end_field(fields, &text);
}

static const char *known_version(const struct qmon_event *event) {
    const char *version = event->service.version;

    return version && strcmp(version, "unknown") != 0 ? version : NULL;
}

/* An instance that is host and process says nothing that does not stand there already. */
static const char *telling_instance(const struct qmon_event *event) {
    const char *instance = event->service.instance, *host = event->host.name;
    size_t length = host ? strlen(host) : 0;

    if (!instance || (length > 0 && strncmp(instance, host, length) == 0 && instance[length] == ':'))
        return NULL;
    return instance;
}

void qmon__slack_add_facts(struct qmon__slack_message *message, const struct qmon_event *event) {
    struct fields fields = {.message = message, .list = qmon__slack_list(message)};

    add_field(&fields, "Service", event->service.name);
    add_field(&fields, "Stage", event->service.stage);
    add_field(&fields, "Version", known_version(event));
    add_field(&fields, "Host", event->host.name);
    add_process(&fields, event);
    add_field(&fields, "Runtime", event->process.runtime);
    add_signal(&fields, event);
    add_exit_status(&fields, event);
    if (event->kind == QMON_KIND_ERROR)
        add_field(&fields, "Code", event->code);
    add_field(&fields, "Endpoint", event->report.endpoint);
    add_field(&fields, "User", event->report.user_id);
    add_field(&fields, "Container", event->host.container_id);
    add_field(&fields, "Instance", telling_instance(event));
    qmon__slack_fields(message, fields.list);
}

void qmon__slack_add_extras(struct qmon__slack_message *message, const struct qmon_event *event) {
    char buffer[EXTRAS_BYTES + 32], line[EXTRAS_BYTES];
    struct qmon_text text, lines;

    if (event->report.extra_count == 0)
        return;
    qmon__words_begin(&lines, line, sizeof line);
    for (size_t i = 0; i < event->report.extra_count; i++) {
        const struct qmon_pair *pair = &event->report.extra[i];
        char one[1300];
        struct qmon_text cut;
        qmon_text_begin(&cut, one, sizeof one);
        qmon_text_line(&cut, pair->key, 60, QMON_CUT_END);
        qmon_text_add(&cut, " = ");
        qmon_text_line(&cut, pair->value, 240, QMON_CUT_END);
        qmon_text_add(&lines, i ? "\n" : "");
        qmon__slack_code_inside(&lines, one);
    }
    qmon__words_end(&lines);
    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon_text_add(&text, "*Extra*\n```\n");
    qmon_text_add(&text, line);
    qmon_text_add(&text, "\n```");
    qmon__words_end(&text);
    qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);
}

static const char *phase_words(const struct qmon_event *event) {
    static const struct {
        const char *phase, *words;
    } phases[] = {
        {"startup", "started"}, {"shutdown", "stopped"}, {"exec", "became another program"}, {"resolved", "recovered"}};

    for (size_t i = 0; event->lifecycle.phase && i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp(event->lifecycle.phase, phases[i].phase) == 0)
            return phases[i].words;
    return "changed";
}

static void add_lifecycle_line(struct qmon_text *text, const struct qmon_event *event) {
    qmon_text_format(text, "%s ", qmon__slack_emoji(event));
    qmon__slack_code(text, event->service.name, 80);
    if (known_version(event)) {
        qmon_text_add(text, " ");
        qmon__slack_code(text, known_version(event), 60);
    }
    qmon_text_format(text, " *%s*", phase_words(event));
    if (event->host.name) {
        qmon_text_add(text, " on ");
        qmon__slack_code(text, event->host.name, 80);
    }
    if (event->service.stage && event->service.stage[0]) {
        qmon_text_add(text, " in ");
        qmon__slack_code(text, event->service.stage, 40);
    }
    if (event->lifecycle.reason && event->lifecycle.reason[0]) {
        qmon_text_add(text, ": ");
        qmon__slack_code(text, event->lifecycle.reason, 160);
    }
}

void qmon__slack_add_lifecycle(struct qmon__slack_message *message, const struct qmon_event *event) {
    char buffer[QMON__SLACK_SECTION], uptime[32];
    struct qmon_text text;
    struct json_object *list;

    qmon__words_begin(&text, buffer, sizeof buffer);
    add_lifecycle_line(&text, event);
    qmon__words_end(&text);
    qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);

    qmon__words_begin(&text, buffer, QMON__SLACK_FIELD);
    qmon_text_format(&text, "pid `%" PRIu32 "` ", event->process.pid);
    if (event->process.command_line && event->process.command_line[0])
        qmon__slack_code(&text, event->process.command_line, 200);
    if (event->lifecycle.uptime_ns)
        qmon_text_format(&text, " \xc2\xb7 ran for %s",
                         qmon_render_duration(event->lifecycle.uptime_ns, uptime, sizeof uptime));
    qmon__words_end(&text);
    list = qmon__slack_list(message);
    qmon__slack_list_add(message, list, QMON__SLACK_MRKDWN, buffer);
    qmon__slack_context(message, list);
}
