#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/render.h>

#include "help.h"
#include "json_lines.h"
#include "session.h"
#include "table.h"
#include "when.h"

#define DEFAULT_ROWS 20u
#define LEAST_ID 8u
#define ROWS_BEYOND 64u /* looked at so that a shortened id is not the beginning of an older event's */

struct list_options {
    bool json, all;
    const char *kind, *service;
    uint64_t since_ms, count;
};

static const struct qmon__cli_option options[] = {
    {'a', "all", QMON_ARG_SWITCH, NULL, "starts and stops too", offsetof(struct list_options, all)},
    {'k', "kind", QMON_ARG_TEXT, "KIND", "only crash, exit, error or lifecycle", offsetof(struct list_options, kind)},
    {'n', "count", QMON_ARG_COUNT, "N", "at most N events (20); 0 is all", offsetof(struct list_options, count)},
    {'S', "service", QMON_ARG_TEXT, "NAME", "only of this service", offsetof(struct list_options, service)},
    {'s', "since", QMON_ARG_DURATION, "TIME", "only of the last 90s, 15m, 2h, 7d",
     offsetof(struct list_options, since_ms)},
    {'\0', "json", QMON_ARG_SWITCH, NULL, "one JSON object a line, for scripts", offsetof(struct list_options, json)},
    {0},
};

static int run_list(int argc, char **argv);

const struct qmon__cli_command qmon__cli_list = {
    .name = "list",
    .summary = "the events that this host remembers, newest first",
    .synopsis = "[OPTIONS]",
    .details =
        "SEEN is how often the same problem is known to this host. 'qmon show ID' tells more about one event; the\n"
        "beginning of an id is enough.\n",
    .options = options,
    .run = run_list,
};

struct item {
    char *id, *kind, *severity, *title, *service;
    uint64_t time_ms, occurrences;
};

struct listing {
    struct item *items;
    size_t count, room;
    uint64_t limit; /* items kept to be shown; those beyond only give their ids */
    bool json, failed;
};

static void item_free(struct item *item) {
    free(item->id);
    free(item->kind);
    free(item->severity);
    free(item->title);
    free(item->service);
}

static void listing_free(struct listing *listing) {
    for (size_t i = 0; i < listing->count; i++)
        item_free(&listing->items[i]);
    free(listing->items);
}

static char *copy(const char *text) {
    return strdup(text ? text : "");
}

static bool keep_row(void *context, const struct qmon_event_row *row) {
    struct listing *listing = context;
    struct item item = {.time_ms = row->time_ms, .occurrences = row->occurrences};

    if (listing->count == listing->room) {
        size_t room = listing->room ? listing->room * 2 : 32;
        struct item *items = reallocarray(listing->items, room, sizeof *items);
        if (!items)
            goto failed;
        listing->items = items;
        listing->room = room;
    }
    item.id = copy(row->id);
    item.kind = copy(row->kind);
    item.severity = copy(row->severity);
    item.title = copy(row->title);
    item.service = copy(row->service);
    if (!item.id || !item.kind || !item.severity || !item.title || !item.service) {
        item_free(&item);
        goto failed;
    }
    listing->items[listing->count++] = item;
    return true;
failed:
    listing->failed = true;
    return false;
}

static bool print_json_row(void *context, const struct qmon_event_row *row) {
    struct listing *listing = context;

    listing->failed = !qmon__cli_json_row(stdout, row);
    listing->count++;
    return !listing->failed;
}

/* How much of an id must be shown so that it names one event. */
static size_t short_id(const struct listing *listing) {
    size_t least = LEAST_ID;

    for (size_t i = 0; i < listing->count && i < listing->limit; i++)
        for (size_t j = 0; j < listing->count; j++) {
            const char *left = listing->items[i].id, *right = listing->items[j].id;
            size_t same = 0;
            while (i != j && left[same] && left[same] == right[same])
                same++;
            if (same + 1 > least)
                least = same + 1;
        }
    return least < QMON_EVENT_ID_BYTES ? least : QMON_EVENT_ID_BYTES - 1;
}

static int print_item(struct qmon__cli_table *table, const struct item *item, size_t id_length, uint64_t now_ms) {
    char id[QMON_EVENT_ID_BYTES], relative[QMON_WHEN_BYTES], local[QMON_WHEN_BYTES], seen[QMON_WHEN_BYTES];
    int severity = qmon_severity_parse(item->severity);
    enum qmon__cli_role looks[] = {
        QMON_LOOK_NAME,  QMON_LOOK_PLAIN, QMON_LOOK_FAINT, QMON_LOOK_PLAIN, qmon__cli_severity_look(severity),
        QMON_LOOK_PLAIN, QMON_LOOK_PLAIN, QMON_LOOK_TITLE};
    const char *texts[QMON_TABLE_COLUMNS];

    snprintf(id, sizeof id, "%.*s", (int) id_length, item->id);
    texts[0] = id;
    texts[1] = qmon__cli_relative(item->time_ms, now_ms, relative, sizeof relative);
    texts[2] = qmon__cli_short(item->time_ms, now_ms, local, sizeof local);
    texts[3] = item->kind;
    texts[4] = item->severity;
    texts[5] = qmon_render_number(item->occurrences, seen, sizeof seen);
    texts[6] = item->service;
    texts[7] = item->title;
    return qmon__cli_table_add(table, texts, looks);
}

static int print_table(const struct listing *listing) {
    static const struct qmon__cli_column columns[] = {
        {.title = "ID"},
        {.title = "WHEN", .right = true},
        {.title = "TIME"},
        {.title = "KIND"},
        {.title = "SEVERITY"},
        {.title = "SEEN", .right = true},
        {.title = "SERVICE", .least = 8},
        {.title = "TITLE", .least = 16},
    };
    struct qmon__cli_style style = qmon__cli_style_of(stdout);
    struct qmon__cli_table *table = qmon__cli_table_new(columns, sizeof columns / sizeof *columns);
    uint64_t now_ms = qmon_real_ms();
    size_t id_length = short_id(listing);
    int r = table ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < listing->count && i < listing->limit; i++)
        r = print_item(table, &listing->items[i], id_length, now_ms);
    if (r == 0)
        qmon__cli_table_print(table, stdout, &style);
    else
        fputs("qmon list: out of memory\n", stderr);
    qmon__cli_table_free(table);
    return r == 0 ? 0 : 1;
}

static int kind_of(const char *name) {
    for (int kind = QMON_KIND_CRASH; kind <= QMON_KIND_LIFECYCLE; kind++)
        if (strcmp(qmon_kind_name((enum qmon_kind) kind), name) == 0)
            return kind;
    return -1;
}

static void nothing_to_show(const struct qmon__cli_session *session, const struct list_options *wanted) {
    if (wanted->kind || wanted->service || wanted->since_ms)
        fprintf(stderr, "qmon list: no event in %s is like that\n", session->state_dir);
    else
        fprintf(stderr,
                "qmon list: there are no events in %s%s. Programs that other users run keep theirs elsewhere: "
                "look as that user, or set QMON_STATE_DIR.\n",
                session->state_dir, wanted->all ? "" : "; --all shows starts and stops, too");
}

static int list_events(const struct qmon__cli_session *session, const struct list_options *wanted, int kind) {
    struct listing listing = {.limit = wanted->count ? wanted->count : UINT64_MAX, .json = wanted->json};
    uint64_t now_ms = qmon_real_ms();
    struct qmon_event_query query = {
        .kind = kind,
        .service = wanted->service,
        .since_ms = wanted->since_ms && wanted->since_ms < now_ms ? now_ms - wanted->since_ms : 0,
        .include_lifecycle = wanted->all || kind == QMON_KIND_LIFECYCLE,
    };
    int r, status = 0;

    query.limit = listing.limit;
    if (!wanted->json && query.limit < INT64_MAX - ROWS_BEYOND)
        query.limit += ROWS_BEYOND;
    if (query.limit > INT64_MAX)
        query.limit = INT64_MAX;
    r = qmon_store_query(session->store, &query, wanted->json ? print_json_row : keep_row, &listing);
    if (r < 0)
        status = qmon__cli_store_failed("list", session, r);
    else if (listing.failed) {
        fputs("qmon list: out of memory\n", stderr);
        status = 1;
    } else if (listing.count == 0 && !wanted->json)
        nothing_to_show(session, wanted);
    else if (!wanted->json)
        status = print_table(&listing);
    if (!wanted->json)
        listing_free(&listing);
    return status;
}

static int run_list(int argc, char **argv) {
    struct list_options wanted = {.count = DEFAULT_ROWS};
    struct qmon__cli_session session;
    int first, kind = -1, status = qmon__cli_parse(&qmon__cli_list, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    if (wanted.kind && (kind = kind_of(wanted.kind)) < 0) {
        fprintf(stderr, "qmon list: '%s' is not a kind of event; there are crash, exit, error and lifecycle\n",
                wanted.kind);
        return QMON_EXIT_USAGE;
    }
    status = qmon__cli_session_open("list", &session);
    if (status != 0)
        return status;
    status = list_events(&session, &wanted, kind);
    qmon__cli_session_close(&session);
    return status;
}
