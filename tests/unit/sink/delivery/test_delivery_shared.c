/* Several processes, several configurations, one outbox. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "outbox_case.h"
#include "together.h"

TestSuite(delivery_shared, .init = outbox_setup, .fini = outbox_teardown, .timeout = 30);

Test(delivery_shared, remembers_for_its_own_time_that_a_channel_was_down) {
    outbox_begin("404,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(outbox_deliver(5000), 0);
    outbox_alter("UPDATE outbox SET due_ms = 0");
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(http_server_count(box.sinks.server), 1);
    cr_assert_eq(box.summary.left, 1);
    cr_assert_eq(strncmp(box.summary.last_problem, "webhook: channel-down: ", 23), 0, "%s", box.summary.last_problem);
}

/* In a process of its own, which remembers nothing of channels. */
static int deliver_elsewhere(void) {
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        const char *problem = NULL;
        struct qmon_store *own = qmon_store_open(box.scratch.path, &problem);
        int sent = qmon_deliver_due(own, box.sinks.config, NULL, outbox_monotonic_ms() + 5000, &box.summary);
        qmon_store_close(own);
        _exit(sent);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

Test(delivery_shared, another_process_delivers_what_was_hurried) {
    outbox_begin("404,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(deliver_elsewhere(), 0);
    outbox_alter("UPDATE outbox SET due_ms = due_ms + 3600000");
    cr_assert_eq(deliver_elsewhere(), 0);
    cr_assert_eq(http_server_count(box.sinks.server), 1);
    cr_assert_eq(qmon_outbox_hurry(box.store, outbox_real_ms()), 0);
    cr_assert_eq(deliver_elsewhere(), 1);
    outbox_expect(0, 0);
}

Test(delivery_shared, hurry_leaves_leased_items_to_their_holders) {
    struct qmon_outbox_item item = {0};

    outbox_begin("ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(qmon_outbox_claim(box.store, NULL, outbox_real_ms(), 60000, &item), 0);
    cr_assert_eq(qmon_outbox_hurry(box.store, outbox_real_ms()), 0);
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(http_server_count(box.sinks.server), 0);
    qmon_outbox_item_clear(&item);
}

Test(delivery_shared, is_not_hurried_past_retry_after) {
    outbox_begin("429:600,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(deliver_elsewhere(), 0);
    cr_assert_eq(qmon_outbox_hurry(box.store, outbox_real_ms()), 0);
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(http_server_count(box.sinks.server), 1);
    cr_assert_eq(box.summary.left, 1);
    cr_assert_geq(box.summary.next_due_ms, outbox_real_ms() + 590000);
    cr_assert_eq(outbox_counter("delivery.left", "webhook: asked-to-wait"), 1);
}

Test(delivery_shared, leaves_items_of_a_channel_that_it_does_not_have) {
    outbox_begin("ok", outbox_webhook);
    outbox_save(1, "slack", NULL);
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(box.summary.left, 1);
    cr_assert_eq(outbox_counter("delivery.left", "slack: not-configured"), 1);
    outbox_expect(1, 0);
    cr_assert_eq(strncmp(box.summary.last_problem, "slack: not-configured: ", 23), 0, "%s", box.summary.last_problem);
    outbox_alter("UPDATE outbox SET due_ms = 0, created_ms = created_ms - 8 * 86400000");
    cr_assert_eq(outbox_deliver(5000), 0);
    outbox_expect(0, 1);
}

Test(delivery_shared, keeps_to_the_destination_of_the_first_attempt_for_a_while) {
    static const char *const other[] = {"QMON_WEBHOOK_URL=@another-teams-room", NULL};

    outbox_begin("503,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(outbox_deliver(5000), 0);
    qmon_config_free(box.sinks.config);
    sink_case_configure(&box.sinks, other);
    outbox_alter("UPDATE outbox SET due_ms = 0");
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(http_server_count(box.sinks.server), 1);
    cr_assert_eq(outbox_counter("delivery.left", "webhook: other-destination"), 1);
    outbox_alter("UPDATE outbox SET due_ms = 0, created_ms = created_ms - 601000");
    cr_assert_eq(outbox_deliver(5000), 1);
    cr_assert_str_eq(http_server_seen(box.sinks.server, 1)->path, "/another-teams-room");
}

static int deliver_as_one_of_many(unsigned number, void *context) {
    const char *problem = NULL;
    struct qmon_store *own = qmon_store_open(box.scratch.path, &problem);
    struct qmon_delivery_summary result;

    (void) number;
    (void) context;
    int sent = qmon_deliver_due(own, box.sinks.config, NULL, outbox_monotonic_ms() + 15000, &result);
    qmon_store_close(own);
    return sent < 0 || result.retried || result.rejected ? 255 : sent;
}

Test(delivery_shared, many_processes_send_each_event_once) {
    enum { PROCESSES = 8, EVENTS = 60 };
    int results[PROCESSES], sent = 0;

    outbox_begin("ok", outbox_webhook);
    for (unsigned i = 0; i < EVENTS; i++)
        outbox_save(i, "webhook", NULL);
    run_together(PROCESSES, deliver_as_one_of_many, NULL, results);
    for (unsigned i = 0; i < PROCESSES; i++) {
        cr_assert(results[i] >= 0 && results[i] < 255, "process %u: %d", i, results[i]);
        sent += results[i];
    }
    cr_assert_eq(sent, EVENTS);
    cr_assert_eq(http_server_count(box.sinks.server), EVENTS);
    bool seen[EVENTS] = {0};
    for (size_t i = 0; i < EVENTS; i++) {
        const char *title = strstr(http_server_seen(box.sinks.server, i)->body, "\"problem ");
        unsigned number = (unsigned) atoi(title + 9);
        cr_assert(number < EVENTS && !seen[number], "problem %u came twice", number);
        seen[number] = true;
    }
}

Test(delivery_shared, an_attempt_that_was_killed_is_made_again_under_the_same_key) {
    char first[64], second[64];

    outbox_begin("hang,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    pid_t child = fork();
    if (child == 0) {
        const char *problem = NULL;
        struct qmon_store *own = qmon_store_open(box.scratch.path, &problem);
        qmon_deliver_due(own, box.sinks.config, NULL, outbox_monotonic_ms() + 20000, &box.summary);
        _exit(0);
    }
    cr_assert_eq(http_server_wait(box.sinks.server, 1, 10000), 1);
    cr_assert_eq(outbox_deliver(5000), 0, "leased: nobody else may send it");
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    outbox_alter("UPDATE outbox SET due_ms = 0");
    cr_assert_eq(outbox_deliver(5000), 1, "%s", box.summary.last_problem);
    cr_assert(http_seen_header(http_server_seen(box.sinks.server, 0), "Idempotency-Key", first, sizeof first));
    cr_assert(http_seen_header(http_server_seen(box.sinks.server, 1), "Idempotency-Key", second, sizeof second));
    cr_assert_str_eq(first, second);
}
