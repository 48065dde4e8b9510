#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http/reach.h"
#include "outbox_case.h"

TestSuite(delivery, .init = outbox_setup, .fini = outbox_teardown, .timeout = 30);

Test(delivery, brings_an_event_to_each_of_its_channels) {
    static char file[200];
    const char *const lines[] = {"QMON_WEBHOOK_URL=@events", file, NULL};

    snprintf(file, sizeof file, "QMON_EVENTS_FILE=%s", scratch_path(&box.scratch, "events.jsonl"));
    outbox_begin("ok", lines);
    const char *id = outbox_save(1, "webhook", "file");
    cr_assert_eq(outbox_deliver(5000), 2, "%s", box.summary.last_problem);
    cr_assert_eq(box.summary.sent, 2);
    cr_assert_eq(box.summary.retried + box.summary.rejected + box.summary.left, 0);
    cr_assert_eq(box.summary.next_due_ms, UINT64_MAX);
    cr_assert_not(box.summary.out_of_time);
    cr_assert_str_eq(box.summary.last_problem, "");
    outbox_expect(0, 0);
    const char *body = http_server_seen(box.sinks.server, 0)->body;
    char *text = scratch_read(scratch_path(&box.scratch, "events.jsonl"));
    cr_assert_not_null(strstr(body, id));
    cr_assert_eq(strncmp(text, body, strlen(body)), 0);
    cr_assert_str_eq(text + strlen(body), "\n");
    free(text);
    cr_assert_eq(outbox_counter("delivery.sent", "webhook"), 1);
    cr_assert_eq(outbox_counter("delivery.sent", "file"), 1);
    cr_assert_eq(outbox_deliver(5000), 0);
}

Test(delivery, keeps_what_failed_and_says_why_and_when) {
    outbox_begin("503,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    uint64_t before_ms = outbox_real_ms();
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(box.summary.retried, 1);
    cr_assert_eq(strncmp(box.summary.last_problem, "webhook: http-503: 127.0.0.1:", 29), 0, "%s",
                 box.summary.last_problem);
    cr_assert(box.summary.next_due_ms >= before_ms + 100 && box.summary.next_due_ms <= outbox_real_ms() + 1000);
    cr_assert_eq(outbox_counter("delivery.retry", "webhook: http-503"), 1);
    outbox_expect(1, 0);
}

Test(delivery, waits_for_the_next_attempt_when_it_has_time) {
    outbox_begin("503,503,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(qmon_deliver_until(box.store, box.sinks.config, NULL, outbox_monotonic_ms() + 10000, &box.summary), 1);
    cr_assert_eq(box.summary.retried, 2);
    cr_assert_str_eq(box.summary.last_problem, "");
    cr_assert_eq(http_server_count(box.sinks.server), 3);
    outbox_expect(0, 0);
}

static void expect_one_attempt(const char *reason) {
    outbox_save(1, "webhook", NULL);
    uint64_t begin_ms = outbox_monotonic_ms();
    cr_assert_eq(qmon_deliver_until(box.store, box.sinks.config, NULL, begin_ms + 10000, &box.summary), 0);
    cr_assert_lt(outbox_monotonic_ms() - begin_ms, 800);
    cr_assert_eq(box.summary.retried, 1);
    cr_assert_eq(outbox_counter("delivery.retry", reason), 1);
    outbox_expect(1, 0);
}

Test(delivery, does_not_wait_for_a_server_that_is_not_there) {
    static const char *const nobody[] = {"QMON_WEBHOOK_URL=http://127.0.0.1:9/", NULL};
    outbox_begin("ok", nobody);
    expect_one_attempt("webhook: connect");
}

/* An address of this machine by which others reach it; false: it has none. */
static bool own_address(char *ret_text, size_t bytes) {
    struct ifaddrs *all = NULL;
    bool found = false;

    cr_assert_eq(getifaddrs(&all), 0);
    for (struct ifaddrs *at = all; at != NULL && !found; at = at->ifa_next) {
        const struct sockaddr_in *address = (const void *) at->ifa_addr;
        if (address == NULL || address->sin_family != AF_INET || (at->ifa_flags & (IFF_LOOPBACK | IFF_UP)) != IFF_UP)
            continue;
        found = inet_ntop(AF_INET, &address->sin_addr, ret_text, (socklen_t) bytes) != NULL;
    }
    freeifaddrs(all);
    return found;
}

Test(delivery, waits_for_a_server_elsewhere_that_refuses) {
    char address[INET_ADDRSTRLEN], line[64];
    const char *const lines[] = {line, NULL};

    if (!own_address(address, sizeof address) || !qmon__reach_leads_out("/proc/net"))
        cr_skip_test("no network here");
    snprintf(line, sizeof line, "QMON_WEBHOOK_URL=http://%s:9/", address);
    outbox_begin("ok", lines);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(qmon_deliver_until(box.store, box.sinks.config, NULL, outbox_monotonic_ms() + 4000, &box.summary), 0);
    cr_assert_geq(box.summary.retried, 2);
    outbox_expect(1, 0);
}

Test(delivery, does_not_wait_where_there_is_no_network) {
    static const char *const elsewhere[] = {"QMON_WEBHOOK_URL=http://192.0.2.1/", NULL};

    outbox_begin("ok", elsewhere);
    if (unshare(CLONE_NEWNET) != 0)
        cr_skip_test("no network namespace for this user: %s", strerror(errno));
    expect_one_attempt("webhook: connect");
}

Test(delivery, does_not_wait_for_what_only_people_can_mend) {
    outbox_begin("404", outbox_webhook);
    expect_one_attempt("webhook: http-404");
}

Test(delivery, does_not_wait_beyond_its_deadline) {
    outbox_begin("503:60", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    uint64_t begin_ms = outbox_monotonic_ms();
    cr_assert_eq(qmon_deliver_until(box.store, box.sinks.config, NULL, begin_ms + 1000, &box.summary), 0);
    cr_assert_lt(outbox_monotonic_ms() - begin_ms, 1800);
    cr_assert_neq(box.summary.last_problem[0], '\0');
}

Test(delivery, sets_aside_what_the_channel_will_never_take) {
    outbox_begin("422,ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    outbox_save(2, "webhook", NULL);
    cr_assert_eq(outbox_deliver(5000), 1);
    cr_assert_eq(box.summary.rejected, 1);
    cr_assert_eq(outbox_counter("delivery.rejected", "webhook: http-422"), 1);
    outbox_expect(0, 1);
}

Test(delivery, sets_aside_what_cannot_be_read) {
    outbox_begin("ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    outbox_save(2, "carrier-pigeon", NULL);
    outbox_alter("UPDATE events SET json = '{\"schema\":' WHERE title = 'problem 1'");
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(box.summary.rejected, 2);
    cr_assert_eq(outbox_counter("delivery.rejected", "webhook: unreadable-event"), 1);
    cr_assert_eq(outbox_counter("delivery.rejected", "carrier-pigeon: unknown-sink"), 1);
    cr_assert_eq(http_server_count(box.sinks.server), 0);
}

Test(delivery, gives_up_after_a_week) {
    outbox_begin("503", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    outbox_alter("UPDATE outbox SET created_ms = created_ms - 8 * 86400000");
    cr_assert_eq(outbox_deliver(5000), 0);
    cr_assert_eq(outbox_counter("delivery.rejected", "webhook: http-503"), 1);
    outbox_expect(0, 1);
}

Test(delivery, does_not_try_each_item_on_a_channel_that_is_down) {
    outbox_begin("hang,ok*100", outbox_slack);
    for (unsigned i = 0; i < 20; i++)
        outbox_save(i, "slack", NULL);
    uint64_t begin_ms = outbox_monotonic_ms();
    cr_assert_eq(outbox_deliver(600), 0);
    cr_assert_lt(outbox_monotonic_ms() - begin_ms, 1500);
    cr_assert_eq(http_server_count(box.sinks.server), 1);
    cr_assert_eq(box.summary.retried, 1);
    cr_assert_eq(box.summary.left, 19);
    cr_assert_eq(strncmp(box.summary.last_problem, "slack: timeout: ", 16), 0, "%s", box.summary.last_problem);
    outbox_expect(20, 0);
}

Test(delivery, a_channel_that_hangs_does_not_keep_the_others_from_theirs) {
    static char file[200];
    const char *const lines[] = {"QMON_WEBHOOK_URL=@events", file, NULL};

    snprintf(file, sizeof file, "QMON_EVENTS_FILE=%s", scratch_path(&box.scratch, "events.jsonl"));
    outbox_begin("hang", lines);
    outbox_save(1, "webhook", "file");
    uint64_t begin_ms = outbox_monotonic_ms();
    cr_assert_eq(outbox_deliver(900), 1);
    uint64_t took_ms = outbox_monotonic_ms() - begin_ms;
    cr_assert(took_ms >= 590 && took_ms < 1800, "%lu ms", took_ms);
    cr_assert_eq(box.summary.sent, 1);
    cr_assert_eq(box.summary.retried, 1);
    cr_assert_eq(outbox_counter("delivery.sent", "file"), 1);
}

Test(delivery, does_nothing_without_time_and_says_so) {
    outbox_begin("ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_assert_eq(outbox_deliver(0), 0);
    cr_assert(box.summary.out_of_time);
    cr_assert_eq(http_server_count(box.sinks.server), 0);
    outbox_expect(1, 0);
    cr_assert_eq(outbox_deliver(5000), 1);
    cr_assert_eq(outbox_deliver(0), 0);
    cr_assert_not(box.summary.out_of_time);
}

Test(delivery, delivers_one_event_when_asked_for_one) {
    char id[QMON_EVENT_ID_BYTES];

    outbox_begin("ok", outbox_webhook);
    outbox_save(1, "webhook", NULL);
    strcpy(id, outbox_save(2, "webhook", NULL));
    cr_assert_eq(qmon_deliver_due(box.store, box.sinks.config, id, outbox_monotonic_ms() + 5000, &box.summary), 1);
    cr_assert_not_null(strstr(http_server_seen(box.sinks.server, 0)->body, "problem 2"));
    outbox_expect(1, 0);
}

Test(delivery, works_from_a_store_in_memory) {
    const char *problem = NULL, *sinks[] = {"webhook"};
    struct qmon_store *memory = qmon_store_open(NULL, &problem);
    struct qmon_event *event = qmon_event_new(outbox_real_ms() * 1000000);

    outbox_begin("ok", outbox_webhook);
    cr_assert_eq(qmon_store_save(memory, event, "alerted", sinks, 1), 0);
    cr_assert_eq(qmon_deliver_due(memory, box.sinks.config, event->id, outbox_monotonic_ms() + 5000, &box.summary), 1);
    qmon_event_free(event);
    qmon_store_close(memory);
}

Test(delivery, routes_to_what_is_configured) {
    const char *names[QMON_ROUTES];
    static const char *const all[] = {"QMON_WEBHOOK_URL=@x", "SLACK_WEBHOOK_URL=@services/x", "QMON_EVENTS_FILE=/tmp/x",
                                      NULL};
    static const char *const none[] = {NULL};

    outbox_begin("ok", all);
    cr_assert_eq(qmon_route(&box.sinks.sample.event, box.sinks.config, names), 3);
    cr_assert_str_eq(names[0], "slack");
    cr_assert_str_eq(names[1], "webhook");
    cr_assert_str_eq(names[2], "file");
    qmon_config_free(box.sinks.config);
    sink_case_configure(&box.sinks, none);
    cr_assert_eq(qmon_route(&box.sinks.sample.event, box.sinks.config, names), 0);
}
