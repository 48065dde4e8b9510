#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/interchange.h>

#include "help.h"
#include "session.h"
#include "symbols_later.h"
#include "when.h"

struct export_options {
    const char *format;
};

static const struct qmon__cli_option options[] = {
    {'f', "format", QMON_ARG_TEXT, "FORMAT", "sentry, otlp or gdb", offsetof(struct export_options, format)},
    {0},
};

static int run_export(int argc, char **argv);

const struct qmon__cli_command qmon__cli_export = {
    .name = "export",
    .summary = "one event in the format of other tools: Sentry, OpenTelemetry, gdb",
    .synopsis = "--format FORMAT [latest|ID]",
    .details = "FORMAT is one of:\n"
               "  sentry  a Sentry envelope, as it is POSTed to /api/PROJECT/envelope/\n"
               "  otlp    an OpenTelemetry log record in OTLP/JSON, as it is POSTed to /v1/logs\n"
               "  gdb     the traces of all threads as gdb prints them\n"
               "ID is an event's id as 'qmon list' shows it, or its beginning; without one it is 'latest'.\n",
    .options = options,
    .max_operands = 1,
    .run = run_export,
};

static char *as_sentry(const struct qmon_event *event) {
    return qmon_sentry_envelope(event, qmon_real_ms() * 1000000u);
}

static char *as_otlp(const struct qmon_event *event) {
    return qmon_otlp_logs(event, 0);
}

static const struct format {
    const char *name;
    char *(*write)(const struct qmon_event *event);
    bool adds_newline; /* what it writes does not end in one */
} formats[] = {{"sentry", as_sentry, false}, {"otlp", as_otlp, true}, {"gdb", qmon_gdb_backtrace, false}};

static const struct format *format_of(const char *name) {
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    if (name)
        fprintf(stderr, "qmon export: there is no format '%s'; there are sentry, otlp and gdb\n", name);
    else
        fputs("qmon export: which format? --format sentry, otlp or gdb\n", stderr);
    return NULL;
}

static int export_event(const char *json, const struct format *format) {
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json(json, strlen(json), &error);

    if (!event) {
        fprintf(stderr, "qmon export: the stored event cannot be read: %s. 'qmon show --json' prints it as it is.\n",
                error);
        return 1;
    }
    qmon__cli_symbolize_system(event);
    char *text = format->write(event);
    qmon_event_free(event);
    if (!text) {
        fputs("qmon export: out of memory\n", stderr);
        return 1;
    }
    fputs(text, stdout);
    if (format->adds_newline)
        putchar('\n');
    free(text);
    return 0;
}

static int run_export(int argc, char **argv) {
    struct export_options wanted = {0};
    struct qmon__cli_stored stored;
    struct qmon__cli_session session;
    const struct format *format;
    int first, status = qmon__cli_parse(&qmon__cli_export, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    format = format_of(wanted.format);
    if (!format)
        return QMON_EXIT_USAGE;
    status = qmon__cli_session_open("export", &session);
    if (status != 0)
        return status;
    status = qmon__cli_find("export", &session, first < argc ? argv[first] : "latest", &stored);
    if (status == 0) {
        status = export_event(stored.json, format);
        qmon__cli_stored_free(&stored);
    }
    qmon__cli_session_close(&session);
    return status;
}
