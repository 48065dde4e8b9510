#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "help.h"
#include "page.h"
#include "session.h"
#include "symbols_later.h"
#include "when.h"

struct show_options {
    bool json, all_threads, registers, full, raw;
    const char *symbols;
};

static const struct qmon__cli_option options[] = {
    {'t', "all-threads", QMON_ARG_SWITCH, NULL, "the traces of all threads",
     offsetof(struct show_options, all_threads)},
    {'r', "registers", QMON_ARG_SWITCH, NULL, "the registers, what they point to, and the code that was executing",
     offsetof(struct show_options, registers)},
    {'f', "full", QMON_ARG_SWITCH, NULL, "every frame and every breadcrumb, nothing folded",
     offsetof(struct show_options, full)},
    {'\0', "raw", QMON_ARG_SWITCH, NULL, "what was captured: program counters, registers, stack, modules",
     offsetof(struct show_options, raw)},
    {'s', "symbolize-with", QMON_ARG_TEXT, "DIR", "look for symbols again, in the files below DIR",
     offsetof(struct show_options, symbols)},
    {'\0', "json", QMON_ARG_SWITCH, NULL, "the whole event as one line of JSON", offsetof(struct show_options, json)},
    {0},
};

static int run_show(int argc, char **argv);

const struct qmon__cli_command qmon__cli_show = {
    .name = "show",
    .summary = "one event as a page: cause, source lines, trace",
    .synopsis = "[OPTIONS] [latest|ID]",
    .details =
        "ID is an event's id as 'qmon list' shows it, or its beginning. Without one it is 'latest': the newest crash,\n"
        "exit or error. Source lines are shown where the source files are on this machine.\n"
        "DIR holds programs, libraries or debug files in any layout (.build-id/, by name, ...); they are matched by\n"
        "their build ids. What is stored is not changed.\n",
    .options = options,
    .max_operands = 1,
    .run = run_show,
};

static void print_page(const struct qmon__cli_stored *stored, const struct show_options *wanted,
                       const struct qmon_event *event) {
    struct qmon__cli_style style = qmon__cli_style_of(stdout);
    struct qmon__cli_page page = {
        .all_threads = wanted->all_threads,
        .registers = wanted->registers,
        .unfolded = wanted->full,
        .state = stored->state,
        .occurrences = stored->occurrences,
        .now_ms = qmon_real_ms(),
    };

    if (wanted->raw)
        qmon__cli_page_raw(stdout, &style, event);
    else
        qmon__cli_page_print(stdout, &style, event, &page);
}

static int print_json(const struct qmon_event *event) {
    char *json = qmon_event_to_json(event);

    if (!json)
        return fputs("qmon show: out of memory\n", stderr), 1;
    puts(json);
    free(json);
    return 0;
}

static int show_event(const struct qmon__cli_session *session, const struct qmon__cli_stored *stored,
                      const struct show_options *wanted) {
    const char *error = NULL;
    struct qmon_event *event;
    bool as_stored = wanted->raw;
    int status = 0;

    event = qmon_event_from_json(stored->json, strlen(stored->json), &error);
    if (!event && !wanted->json) {
        fprintf(stderr, "qmon show: the stored event cannot be read: %s. 'qmon show --json' prints it as it is.\n",
                error);
        return 1;
    }
    if (!event)
        as_stored = true;
    else if (wanted->symbols)
        status = qmon__cli_symbolize_with("show", event, session->config, wanted->symbols);
    else if (!wanted->raw)
        as_stored = qmon__cli_symbolize_system(event) == 0;
    if (status == 0 && wanted->json && as_stored)
        puts(stored->json);
    else if (status == 0 && wanted->json)
        status = print_json(event);
    else if (status == 0)
        print_page(stored, wanted, event);
    qmon_event_free(event);
    return status;
}

static int run_show(int argc, char **argv) {
    struct show_options wanted = {0};
    struct qmon__cli_stored stored;
    struct qmon__cli_session session;
    int first, status = qmon__cli_parse(&qmon__cli_show, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    status = qmon__cli_session_open("show", &session);
    if (status != 0)
        return status;
    status = qmon__cli_find("show", &session, first < argc ? argv[first] : "latest", &stored);
    if (status == 0) {
        status = show_event(&session, &stored, &wanted);
        qmon__cli_stored_free(&stored);
    }
    qmon__cli_session_close(&session);
    return status;
}
