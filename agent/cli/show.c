#include <stdio.h>
#include <string.h>

#include "help.h"
#include "page.h"
#include "session.h"
#include "when.h"

struct show_options {
    bool json, all_threads, registers, full, raw;
};

static const struct qmon__cli_option options[] = {
    {'t', "all-threads", QMON_ARG_SWITCH, NULL, "the traces of all threads",
     offsetof(struct show_options, all_threads)},
    {'r', "registers", QMON_ARG_SWITCH, NULL, "the registers, what they point to, and the code that was executing",
     offsetof(struct show_options, registers)},
    {'f', "full", QMON_ARG_SWITCH, NULL, "every frame, nothing folded", offsetof(struct show_options, full)},
    {'\0', "raw", QMON_ARG_SWITCH, NULL, "what was captured: program counters, registers, stack, modules",
     offsetof(struct show_options, raw)},
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
        "exit or error. Source lines are shown where the source files are on this machine.\n",
    .options = options,
    .max_operands = 1,
    .run = run_show,
};

static int show_page(const struct qmon__cli_stored *stored, const struct show_options *wanted) {
    struct qmon__cli_style style = qmon__cli_style_of(stdout);
    struct qmon__cli_page page = {
        .all_threads = wanted->all_threads,
        .registers = wanted->registers,
        .unfolded = wanted->full,
        .state = stored->state,
        .occurrences = stored->occurrences,
        .now_ms = qmon__cli_now_ms(),
    };
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json(stored->json, strlen(stored->json), &error);

    if (!event) {
        fprintf(stderr, "qmon show: the stored event cannot be read: %s. 'qmon show --json' prints it as it is.\n",
                error);
        return 1;
    }
    if (wanted->raw)
        qmon__cli_page_raw(stdout, &style, event);
    else
        qmon__cli_page_print(stdout, &style, event, &page);
    qmon_event_free(event);
    return 0;
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
        if (wanted.json)
            puts(stored.json);
        else
            status = show_page(&stored, &wanted);
        qmon__cli_stored_free(&stored);
    }
    qmon__cli_session_close(&session);
    return status;
}
