/* `qmon stats` by channel, on an outbox that the test filled and worked off. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <qmon/store.h>

#include "command.h"

static struct scratch scratch;
static struct command command;
static struct qmon_store *store;

static void setup(void) {
    const char *problem = NULL;

    scratch = command_setup();
    cr_assert_eq(mkdir(scratch_path(&scratch, "state"), 0700), 0);
    command = (struct command){.scratch = &scratch};
    store = qmon_store_open(scratch_path(&scratch, "state"), &problem);
    cr_assert(store && qmon_store_is_durable(store), "%s", problem);
}

static void teardown(void) {
    command_free(&command);
    command_teardown(&scratch);
}

TestSuite(stats_channels, .init = setup, .fini = teardown, .timeout = 60);

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* Saves an event for the channel and claims it. */
static struct qmon_outbox_item claim_one(const char *sink, const char *title) {
    struct qmon_event *event = qmon_event_new(now_ms() * 1000000);
    struct qmon_outbox_item item = {0};

    event->title = title;
    strcpy(event->fingerprint, "00112233445566778899aabbccddeeff");
    cr_assert_eq(qmon_store_save(store, event, "alerted", &sink, 1), 0);
    cr_assert_eq(qmon_outbox_claim(store, event->id, now_ms(), 60000, &item), 0);
    qmon_event_free(event);
    return item;
}

static void fill(void) {
    struct qmon_outbox_item item;

    for (unsigned i = 1; i <= 20; i++) { /* took 100, 200, ... 2000 ms */
        item = claim_one("slack", "sent");
        cr_assert_eq(qmon_outbox_sent(store, &item, item.created_ms + i * 100, "C1/1.2"), 0);
        qmon_outbox_item_clear(&item);
    }
    cr_assert_eq(qmon_store_count(store, "delivery.sent", "slack", 20), 0);
    cr_assert_eq(qmon_store_count(store, "delivery.ms", "slack", 4000), 0);
    cr_assert_eq(qmon_store_count(store, "delivery.retry", "slack: timeout", 3), 0);
    cr_assert_eq(qmon_store_count(store, "delivery.retry", "slack: http-503", 4), 0);
    item = claim_one("email", "waits");
    cr_assert_eq(qmon_outbox_retry(store, &item, now_ms() + 60000, "login: the server knows us not", NULL), 0);
    qmon_outbox_item_clear(&item);
    item = claim_one("webhook", "the poison one");
    cr_assert_eq(qmon_outbox_reject(store, &item, now_ms(), "http-422: hooks.example does not take the message"), 0);
    qmon_outbox_item_clear(&item);
    qmon_store_close(store);
}

Test(stats_channels, a_row_for_each_channel_and_what_was_set_aside) {
    fill();
    COMMAND(&command, 0, "stats");
    command_expect_out(&command, "CHANNEL  SENT  TRIED AGAIN  SET ASIDE  WAITING   MEDIAN     95 %  SLOWEST");
    command_expect_out(&command, "slack      20            7          0        0  1000 ms  1900 ms  2000 ms");
    command_expect_out(&command, "login: the server knows us not");
    command_expect_out(&command, "http-422: hooks.example");
    command_expect_out(&command, "the poison one");
}

static struct json_object *channel_named(struct json_object *stats, const char *name) {
    struct json_object *list = json_object_object_get(stats, "channels");

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *channel = json_object_array_get_idx(list, i);
        if (strcmp(json_object_get_string(json_object_object_get(channel, "name")), name) == 0)
            return channel;
    }
    return NULL;
}

static int64_t number_of(struct json_object *object, const char *name) {
    struct json_object *value = object ? json_object_object_get(object, name) : NULL;

    cr_assert_not_null(value, "there is no %s", name);
    return json_object_get_int64(value);
}

Test(stats_channels, scripts_get_the_same_figures) {
    fill();
    COMMAND(&command, 0, "stats", "--json");
    struct json_object *stats = json_tokener_parse(command.out);
    cr_assert_not_null(stats);
    struct json_object *slack = channel_named(stats, "slack"), *email = channel_named(stats, "email");
    cr_expect_eq(number_of(slack, "sent"), 20);
    cr_expect_eq(number_of(slack, "retried"), 7);
    cr_expect_eq(number_of(slack, "sent_attempts_ms"), 4000);
    cr_expect_eq(number_of(json_object_object_get(slack, "latency_ms"), "median"), 1000);
    cr_expect_eq(number_of(json_object_object_get(slack, "latency_ms"), "p95"), 1900);
    cr_expect_eq(number_of(json_object_object_get(slack, "latency_ms"), "slowest"), 2000);
    cr_expect_eq(number_of(email, "waiting"), 1);
    cr_expect_str_eq(json_object_get_string(json_object_object_get(email, "waits_for")),
                     "login: the server knows us not");
    cr_expect_null(json_object_object_get(email, "latency_ms"));
    struct json_object *set_aside = json_object_object_get(stats, "set_aside");
    cr_assert_eq(json_object_array_length(set_aside), 1);
    struct json_object *poison = json_object_array_get_idx(set_aside, 0);
    cr_expect_str_eq(json_object_get_string(json_object_object_get(poison, "channel")), "webhook");
    cr_expect_str_eq(json_object_get_string(json_object_object_get(poison, "title")), "the poison one");
    json_object_put(stats);
}
