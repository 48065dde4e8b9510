#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "args.h"
#include "terminal.h"
#include "when.h"

#define CANDIDATES 10u
#define MOST_ROWS 10000u

struct candidate {
    char id[QMON_EVENT_ID_BYTES];
    char kind[12];
    char title[80];
    uint64_t time_ms;
};

struct search {
    struct qmon__cli_stored first;
    struct candidate candidates[CANDIDATES];
    uint64_t found;
    bool lifecycle; /* starts and stops count */
    bool exhausted; /* out of memory */
};

static bool visit(void *context, const struct qmon_event_row *row) {
    struct search *search = context;

    if (!search->lifecycle && strcmp(row->kind, qmon_kind_name(QMON_KIND_LIFECYCLE)) == 0)
        return true;
    if (search->found == 0) {
        search->first.json = strdup(row->json);
        search->first.state = strdup(row->state ? row->state : "");
        search->first.occurrences = row->occurrences;
        search->exhausted = !search->first.json || !search->first.state;
    }
    if (search->found < CANDIDATES) {
        struct candidate *candidate = &search->candidates[search->found];
        snprintf(candidate->id, sizeof candidate->id, "%s", row->id);
        snprintf(candidate->kind, sizeof candidate->kind, "%s", row->kind);
        snprintf(candidate->title, sizeof candidate->title, "%s", row->title ? row->title : "");
        candidate->time_ms = row->time_ms;
    }
    search->found++;
    return !search->exhausted;
}

static bool is_id_text(const char *text) {
    size_t length = strlen(text);

    return length > 0 && length < QMON_EVENT_ID_BYTES && strspn(text, "0123456789abcdefABCDEF-") == length;
}

static int nothing_found(const char *command, const struct qmon__cli_session *session, const char *wanted) {
    if (strcmp(wanted, "latest") == 0)
        fprintf(stderr,
                "qmon %s: there are no events in %s yet. Programs that other users run keep theirs elsewhere: "
                "look as that user, or set QMON_STATE_DIR.\n",
                command, session->state_dir);
    else
        fprintf(stderr,
                "qmon %s: no event in %s has an id that begins with '%s'. 'qmon list --all' shows those there are.\n",
                command, session->state_dir, wanted);
    return 1;
}

static int ambiguous(const char *command, const struct search *search, const char *wanted) {
    struct qmon__cli_style style = qmon__cli_style_of(stderr);
    uint64_t now_ms = qmon_real_ms();
    uint64_t shown = search->found < CANDIDATES ? search->found : CANDIDATES;

    fprintf(stderr, "qmon %s: '%s' is the beginning of several ids; which one is meant?\n", command, wanted);
    for (uint64_t i = 0; i < shown; i++) {
        const struct candidate *candidate = &search->candidates[i];
        char when[QMON_WHEN_BYTES];

        fprintf(stderr, "  %s  %-12s  %-9s  ", candidate->id,
                qmon__cli_relative(candidate->time_ms, now_ms, when, sizeof when), candidate->kind);
        qmon__cli_put(stderr, &style, QMON_LOOK_PLAIN, candidate->title);
        putc('\n', stderr);
    }
    if (search->found > shown)
        fputs("  ... and more\n", stderr);
    return 1;
}

static int search_store(const struct qmon__cli_session *session, const char *wanted, bool lifecycle,
                        struct search *search) {
    struct qmon_event_query query = {.id_prefix = wanted, .kind = -1, .include_lifecycle = true, .limit = MOST_ROWS};

    search->lifecycle = lifecycle;
    return qmon_store_query(session->store, &query, visit, search);
}

int qmon__cli_find(const char *command, const struct qmon__cli_session *session, const char *wanted,
                   struct qmon__cli_stored *ret_stored) {
    struct search search = {0};
    int r, status = 0;

    if (strcmp(wanted, "latest") != 0 && !is_id_text(wanted)) {
        fprintf(stderr, "qmon %s: '%s' is not an event's id; use 'latest', or an id as 'qmon list' shows it\n", command,
                wanted);
        return QMON_EXIT_USAGE;
    }
    r = search_store(session, wanted, false, &search);
    if (r >= 0 && search.found == 0)
        r = search_store(session, wanted, true, &search);
    if (r < 0)
        status = qmon__cli_store_failed(command, session, r);
    else if (search.exhausted)
        status = (fprintf(stderr, "qmon %s: out of memory\n", command), 1);
    else if (search.found == 0)
        status = nothing_found(command, session, wanted);
    else if (search.found > 1)
        status = ambiguous(command, &search, wanted);
    if (status != 0)
        qmon__cli_stored_free(&search.first);
    else
        *ret_stored = search.first;
    return status;
}

void qmon__cli_stored_free(struct qmon__cli_stored *stored) {
    free(stored->json);
    free(stored->state);
    stored->json = NULL;
    stored->state = NULL;
}
