#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>
#include <qmon/clock.h>
#include <qmon/receiver.h>
#include <qmon/render.h>

#include "help.h"
#include "json_lines.h"
#include "session.h"
#include "stats_channels.h"
#include "table.h"
#include "when.h"

struct stats_options {
    bool json;
};

static const struct qmon__cli_option options[] = {
    {'\0', "json", QMON_ARG_SWITCH, NULL, "one JSON object, for scripts", offsetof(struct stats_options, json)},
    {0},
};

static int run_stats(int argc, char **argv);

const struct qmon__cli_command qmon__cli_stats = {
    .name = "stats",
    .summary = "what was counted: sent, held back, dropped, and why",
    .synopsis = "[--json]",
    .details =
        "Everything that qmon drops, holds back or tries again is counted here with its reason. The counters begin\n"
        "with the store and are never reset.\n",
    .options = options,
    .run = run_stats,
};

struct figures {
    uint64_t waiting, rejected, next_due_ms;
    uint64_t store_bytes;
    uint64_t live, live_roots;
};

static uint64_t file_bytes(const char *directory, const char *name) {
    char path[PATH_MAX + 32];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return stat(path, &status) == 0 ? (uint64_t) status.st_size : 0;
}

static void count_live(void *context, const struct qmon_live_process *process) {
    struct figures *figures = context;

    figures->live++;
    figures->live_roots += process->root;
}

static int collect(const struct qmon__cli_session *session, struct figures *figures) {
    static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm"};
    int r = qmon_outbox_summary(session->store, &figures->waiting, &figures->rejected, &figures->next_due_ms);

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        figures->store_bytes += file_bytes(session->state_dir, files[i]);
    r = qmon_visit_live(session->state_dir, count_live, figures);
    return r < 0 && r != -ENOENT ? r : 0;
}

static void add_json(void *context, const struct qmon_counter *counter) {
    struct json_object *object = json_object_new_object();

    if (!object)
        return;
    json_object_object_add(object, "name", qmon__cli_json_text(counter->name));
    json_object_object_add(object, "reason", qmon__cli_json_text(counter->reason));
    json_object_object_add(object, "value", json_object_new_uint64(counter->value));
    json_object_object_add(object, "last", qmon__cli_json_time(counter->last_ms));
    json_object_array_add(context, object);
}

static int print_json(const struct qmon__cli_session *session, const struct figures *figures) {
    struct json_object *object = json_object_new_object();
    struct json_object *counters = json_object_new_array();
    int r;

    if (!object || !counters) {
        json_object_put(object);
        json_object_put(counters);
        return -ENOMEM;
    }
    json_object_object_add(object, "state_dir", qmon__cli_json_text(session->state_dir));
    json_object_object_add(object, "store_bytes", json_object_new_uint64(figures->store_bytes));
    json_object_object_add(object, "outbox_waiting", json_object_new_uint64(figures->waiting));
    json_object_object_add(object, "outbox_rejected", json_object_new_uint64(figures->rejected));
    json_object_object_add(object, "outbox_next_due",
                           figures->next_due_ms == UINT64_MAX ? NULL : qmon__cli_json_time(figures->next_due_ms));
    json_object_object_add(object, "live_processes", json_object_new_uint64(figures->live));
    json_object_object_add(object, "live_roots", json_object_new_uint64(figures->live_roots));
    r = qmon__cli_json_channels(session->store, object);
    if (r >= 0)
        r = qmon_store_counters(session->store, add_json, counters);
    json_object_object_add(object, "counters", counters);
    if (!qmon__cli_json_print(stdout, object) && r >= 0)
        r = -ENOMEM;
    return r < 0 ? r : 0;
}

struct rows {
    struct qmon__cli_table *table;
    uint64_t now_ms;
    size_t count;
    int error;
};

static void add_row(void *context, const struct qmon_counter *counter) {
    struct rows *rows = context;
    char value[QMON_WHEN_BYTES], when[QMON_WHEN_BYTES];
    const char *texts[] = {counter->name, qmon_render_number(counter->value, value, sizeof value),
                           qmon__cli_relative(counter->last_ms, rows->now_ms, when, sizeof when), counter->reason};
    enum qmon__cli_role looks[] = {QMON_LOOK_NAME, QMON_LOOK_TITLE, QMON_LOOK_FAINT, QMON_LOOK_PLAIN};

    rows->count++;
    if (rows->error == 0)
        rows->error = qmon__cli_table_add(rows->table, texts, looks);
}

static void print_figures(const struct qmon__cli_session *session, const struct figures *figures, uint64_t now_ms) {
    char when[QMON_WHEN_BYTES];

    printf("State directory  %s\n", session->state_dir);
    printf("Store            %.1f MiB\n", (double) figures->store_bytes / (1024.0 * 1024.0));
    printf("Watched now      %" PRIu64 " process%s, %" PRIu64 " of them root%s\n", figures->live,
           figures->live == 1 ? "" : "es", figures->live_roots, figures->live_roots == 1 ? "" : "s");
    printf("Outbox           %" PRIu64 " waiting, %" PRIu64 " set aside", figures->waiting, figures->rejected);
    if (figures->next_due_ms != UINT64_MAX)
        printf("; the next is due %s", qmon__cli_relative(figures->next_due_ms, now_ms, when, sizeof when));
    fputs("\n\n", stdout);
}

static int print_text(const struct qmon__cli_session *session, const struct figures *figures) {
    static const struct qmon__cli_column columns[] = {
        {.title = "COUNTER"},
        {.title = "VALUE", .right = true},
        {.title = "LAST", .right = true},
        {.title = "REASON", .least = 16},
    };
    struct qmon__cli_style style = qmon__cli_style_of(stdout);
    struct rows rows = {.table = qmon__cli_table_new(columns, sizeof columns / sizeof *columns),
                        .now_ms = qmon_real_ms()};
    int r;

    print_figures(session, figures, rows.now_ms);
    if (!rows.table)
        return -ENOMEM;
    r = qmon__cli_print_channels(session->store, rows.now_ms);
    if (r >= 0)
        r = qmon_store_counters(session->store, add_row, &rows);
    if (r >= 0 && rows.error == 0 && rows.count > 0)
        qmon__cli_table_print(rows.table, stdout, &style);
    else if (r >= 0 && rows.error == 0)
        puts("Nothing has been counted yet.");
    qmon__cli_table_free(rows.table);
    return r < 0 ? r : rows.error;
}

static int run_stats(int argc, char **argv) {
    struct stats_options wanted = {0};
    struct figures figures = {.next_due_ms = UINT64_MAX};
    struct qmon__cli_session session;
    int first, r, status = qmon__cli_parse(&qmon__cli_stats, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    status = qmon__cli_session_open("stats", &session);
    if (status != 0)
        return status;
    r = collect(&session, &figures);
    if (r >= 0)
        r = wanted.json ? print_json(&session, &figures) : print_text(&session, &figures);
    if (r < 0)
        status = qmon__cli_store_failed("stats", &session, r);
    qmon__cli_session_close(&session);
    return status;
}
