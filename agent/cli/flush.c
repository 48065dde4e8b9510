#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <qmon/clock.h>
#include <qmon/delivery.h>
#include <qmon/receiver.h>

#include "help.h"
#include "json_lines.h"
#include "session.h"
#include "when.h"

#define DEFAULT_TIMEOUT_MS 60000u

struct flush_options {
    bool json;
    uint64_t timeout_ms;
};

static const struct qmon__cli_option options[] = {
    {'w', "timeout", QMON_ARG_DURATION, "TIME", "give up after this time (60s)",
     offsetof(struct flush_options, timeout_ms)},
    {'\0', "json", QMON_ARG_SWITCH, NULL, "the result as one line of JSON", offsetof(struct flush_options, json)},
    {0},
};

static int run_flush(int argc, char **argv);

const struct qmon__cli_command qmon__cli_flush = {
    .name = "flush",
    .summary = "report what dead processes left, and deliver what waits",
    .synopsis = "[OPTIONS]",
    .details =
        "What was to be tried again later is tried now. Exit status: 0 when everything has been delivered, 1 when\n"
        "something was not. What failed stays in the outbox and is tried again, later each time, by whichever\n"
        "qmon process runs next.\n",
    .options = options,
    .run = run_flush,
};

struct outcome {
    unsigned recovered;
    int recover_error;
    struct qmon_delivery_summary delivery;
    int delivered; /* or negative errno */
    uint64_t waiting, rejected, next_due_ms;
    int summary_error;
};

static void flush_all(const struct qmon__cli_session *session, uint64_t timeout_ms, struct outcome *outcome) {
    outcome->recover_error =
        qmon_recover(session->store, session->config, session->state_dir, NULL, &outcome->recovered);
    qmon_outbox_hurry(session->store, qmon_real_ms()); /* whoever asks has a reason to think that it works now */
    outcome->delivered =
        qmon_deliver_due(session->store, session->config, NULL, qmon_monotonic_ms() + timeout_ms, &outcome->delivery);
    outcome->summary_error =
        qmon_outbox_summary(session->store, &outcome->waiting, &outcome->rejected, &outcome->next_due_ms);
}

static bool failed(const struct outcome *outcome) {
    return outcome->recover_error < 0 || outcome->delivered < 0 || outcome->delivery.error < 0 ||
           outcome->delivery.retried > 0 || outcome->delivery.rejected > 0 || outcome->delivery.out_of_time;
}

static bool print_json(const struct outcome *outcome) {
    struct json_object *object = json_object_new_object();

    if (!object)
        return false;
    json_object_object_add(object, "recovered", json_object_new_int64(outcome->recovered));
    json_object_object_add(object, "sent", json_object_new_int64(outcome->delivery.sent));
    json_object_object_add(object, "retried", json_object_new_int64(outcome->delivery.retried));
    json_object_object_add(object, "rejected", json_object_new_int64(outcome->delivery.rejected));
    json_object_object_add(object, "out_of_time", json_object_new_boolean(outcome->delivery.out_of_time));
    json_object_object_add(object, "waiting", json_object_new_uint64(outcome->waiting));
    json_object_object_add(
        object, "problem",
        qmon__cli_json_text(*outcome->delivery.last_problem ? outcome->delivery.last_problem : NULL));
    return qmon__cli_json_print(stdout, object);
}

static void print_text(const struct outcome *outcome) {
    char when[QMON_WHEN_BYTES];

    printf("%u event%s recovered from dead processes\n", outcome->recovered, outcome->recovered == 1 ? "" : "s");
    printf("%" PRIu32 " sent, %" PRIu32 " to be tried again, %" PRIu32 " set aside\n", outcome->delivery.sent,
           outcome->delivery.retried, outcome->delivery.rejected);
    if (outcome->waiting) {
        printf("%" PRIu64 " wait%s in the outbox", outcome->waiting, outcome->waiting == 1 ? "s" : "");
        if (outcome->next_due_ms != UINT64_MAX)
            printf(", the next is due %s", qmon__cli_relative(outcome->next_due_ms, qmon_real_ms(), when, sizeof when));
        putchar('\n');
    }
    if (outcome->delivery.out_of_time)
        printf("the time was up before all was done: see --timeout\n");
    if (*outcome->delivery.last_problem)
        fprintf(stderr, "qmon flush: %s\n", outcome->delivery.last_problem);
}

static int run_flush(int argc, char **argv) {
    struct flush_options wanted = {.timeout_ms = DEFAULT_TIMEOUT_MS};
    struct outcome outcome = {.next_due_ms = UINT64_MAX};
    struct qmon__cli_session session;
    int first, status = qmon__cli_parse(&qmon__cli_flush, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    status = qmon__cli_session_open("flush", &session);
    if (status != 0)
        return status;
    flush_all(&session, wanted.timeout_ms, &outcome);
    if (outcome.recover_error < 0)
        fprintf(stderr, "qmon flush: what dead processes left could not be read: %s\n",
                strerror(-outcome.recover_error));
    if (outcome.delivered < 0 || outcome.summary_error < 0)
        status = qmon__cli_store_failed("flush", &session,
                                        outcome.delivered < 0 ? outcome.delivered : outcome.summary_error);
    if (!wanted.json)
        print_text(&outcome);
    else if (!print_json(&outcome))
        status = 1;
    qmon__cli_session_close(&session);
    return status != 0 || failed(&outcome) ? 1 : 0;
}
