/*
 * Quiet hours of a channel: 1. What is mild waits for their end and is counted; what is severe goes out. 2. A channel that takes many
 * at once has them too. 3. When they are over, each goes out once.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "outbox_case.h"

#define HOUR_MS 3600000u

static struct qmon_quiet_hours quiet;
static struct qmon_routing routing = {.quiet = &quiet};

static void teardown(void) {
    box.sinks.config->routing = NULL; /* which is not the configuration's to free */
    outbox_teardown();
}

TestSuite(delivery_quiet, .init = outbox_setup, .fini = teardown, .timeout = 30);

/* From an hour ago to two hours from now. What the outbox of this test holds is critical. */
static void begin(enum qmon_channel channel, enum qmon_severity below, const char *const *lines) {
    unsigned minute = (unsigned) (outbox_real_ms() / 60000 % 1440);

    outbox_begin("ok", lines);
    quiet = (struct qmon_quiet_hours){.from = (minute + 1380) % 1440,
                                      .to = (minute + 120) % 1440,
                                      .days = 0x7f,
                                      .zone = "UTC",
                                      .below = below,
                                      .channels = (qmon_channels) 1 << channel};
    routing.quiet_count = 1;
    box.sinks.config->routing = &routing;
}

#define ALL (QMON_SEVERITY_CRITICAL + 1)

Test(delivery_quiet, hold_what_is_mild_until_they_end) {
    begin(QMON_CHANNEL_webhook, ALL, outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_expect_eq(outbox_deliver(5000), 0);
    cr_expect_eq(box.summary.left, 1);
    cr_expect_gt(box.summary.next_due_ms, outbox_real_ms() + 2 * HOUR_MS - 120000);
    cr_expect_leq(box.summary.next_due_ms, outbox_real_ms() + 2 * HOUR_MS);
    cr_expect_eq(outbox_counter("delivery.left", "webhook: quiet-hours"), 1);
    cr_expect_eq(outbox_deliver(5000), 0, "not due");
    cr_expect_eq(outbox_counter("delivery.left", "webhook: quiet-hours"), 1);
    outbox_alter("UPDATE outbox SET due_ms = 1");
    cr_expect_eq(outbox_deliver(5000), 0, "whoever hurries finds that they are not over");
    outbox_expect(1, 0);
    cr_expect_eq(http_server_count(box.sinks.server), 0);
    routing.quiet_count = 0;
    outbox_alter("UPDATE outbox SET due_ms = 1");
    cr_expect_eq(outbox_deliver(5000), 1);
    cr_expect_eq(outbox_deliver(5000), 0);
    cr_expect_eq(http_server_count(box.sinks.server), 1);
    outbox_expect(0, 0);
}

Test(delivery_quiet, let_what_is_severe_pass) {
    begin(QMON_CHANNEL_webhook, QMON_SEVERITY_CRITICAL, outbox_webhook);
    outbox_save(1, "webhook", NULL);
    cr_expect_eq(outbox_deliver(5000), 1);
    quiet.below = ALL;
    quiet.channels = (qmon_channels) 1 << QMON_CHANNEL_slack;
    outbox_save(2, "webhook", NULL);
    cr_expect_eq(outbox_deliver(5000), 1, "it is another channel's");
}

Test(delivery_quiet, hold_for_a_channel_that_takes_many_at_once) {
    char ids[3][QMON_EVENT_ID_BYTES], file[300];
    const char *const pointers[] = {ids[0], ids[1], ids[2]}, *const lines[] = {file, NULL};

    snprintf(file, sizeof file, "QMON_EVENTS_FILE=%s/events", box.scratch.path);
    begin(QMON_CHANNEL_file, ALL, lines);
    for (unsigned i = 0; i < 3; i++)
        strcpy(ids[i], outbox_save(i, "file", NULL));
    qmon_deliver_these(box.store, box.sinks.config, pointers, 3, outbox_monotonic_ms() + 5000, &box.summary);
    cr_expect_eq(box.summary.sent, 0);
    cr_expect_eq(outbox_counter("delivery.left", "file: quiet-hours"), 3);
    outbox_expect(3, 0);
    routing.quiet_count = 0;
    outbox_alter("UPDATE outbox SET due_ms = 1");
    cr_expect_eq(outbox_deliver(5000), 3);
    outbox_expect(0, 0);
}
