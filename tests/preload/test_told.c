/*
 * From a program's failure to what people read of it: through the templates, routes and quiet hours of the configuration file,
 * over HTTP.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_server.h"
#include "scratch.h"
#include "slack_mock.h"

#define PATIENCE_MS 20000u

static struct scratch scratch;
static struct slack_mock mock;
static struct http_server *server;

static void setup(void) {
    scratch = scratch_make();
    mock = (struct slack_mock){0};
    server = http_server_start(&(struct http_server_options){.respond = slack_mock_respond, .context = &mock});
    cr_assert_not_null(server);
}

static void teardown(void) {
    http_server_stop(server);
    scratch_remove(&scratch);
}

TestSuite(told, .init = setup, .fini = teardown, .timeout = 120);

/* qmon.json: a channel of Mattermost, one of Rocket.Chat, Slack and a file, and what the test says besides. */
static void configure(const char *more) {
    char json[4096];

    snprintf(
        json, sizeof json,
        "{\"lifecycle\": \"off\", \"state_dir\": \"state\", \"dedup\": {\"window\": 0}, \"service\": \"shop\",\n%s\n}",
        more);
    scratch_write(&scratch, "qmon.json", json);
}

static const char *channel(const char *name, const char *path) {
    static char texts[4][256];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "\"%s\": {\"webhook_url\": \"%s\"}", name, http_server_url(server, path + 1));
    return text;
}

static int run(const char *command) {
    char whole[1024];

    snprintf(whole, sizeof whole, "cd %s && env -i PATH=/usr/bin:/bin HOME=%s QMON_CONFIG=qmon.json %s", scratch.path,
             scratch.path, command);
    return system(whole);
}

static void run_under_agent(const char *program, int status) {
    char command[512];

    snprintf(command, sizeof command, "LD_PRELOAD=" QMON_BUILD_DIR "/libqmon.so %s > /dev/null 2>&1", program);
    cr_expect_eq(run(command), status << 8, "%s", program);
}

/* What `qmon` prints; to be freed. */
static char *qmon(const char *arguments, int status) {
    char command[256];

    snprintf(command, sizeof command, QMON_BUILD_DIR "/qmon %s > printed 2>&1", arguments);
    cr_expect_eq(run(command), status << 8, "qmon %s", arguments);
    char *printed = scratch_read(scratch_path(&scratch, "printed"));
    cr_assert_not_null(printed);
    return printed;
}

static void expect_printed(const char *arguments, int status, const char *words) {
    char *printed = qmon(arguments, status);

    cr_expect_not_null(strstr(printed, words), "no \"%s\" by qmon %s: %s", words, arguments, printed);
    free(printed);
}

/* The receiver that has just told somebody is still to note it. */
static void flush_until(const char *words) {
    char *printed = NULL;

    for (int i = 0; i < 400; i++) {
        free(printed);
        printed = qmon("flush", 0);
        if (strstr(printed, words) != NULL)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    cr_expect_not_null(strstr(printed, words), "no \"%s\" by qmon flush: %s", words, printed);
    free(printed);
}

/* How many messages to a path have the words in them. */
static unsigned messages(const char *path, const char *words) {
    unsigned count = 0;

    for (size_t i = 0; i < http_server_count(server); i++) {
        const struct http_seen *seen = http_server_seen(server, i);
        count += strcmp(seen->path, path) == 0 && seen->body != NULL && strstr(seen->body, words) != NULL;
    }
    return count;
}

static void expect_message(const char *path, const char *words) {
    cr_expect_eq(messages(path, words), 1, "%u with \"%s\" at %s; the first of %zu: %s", messages(path, words), words,
                 path, http_server_count(server), http_server_count(server) ? http_server_seen(server, 0)->body : "");
}

Test(told, a_crash_is_told_in_the_operators_words) {
    char more[1024];

    snprintf(more, sizeof more,
             "%s, \"templates\": {\"mattermost\": {\"crash\": {\"title\": \"{{service.name}} died of {{code}}\","
             "\"body\": \"Call the shop's people ({{host.container_id|no container}}).\"}},"
             "\"*\": {\"*\": {\"title\": \"{{code}} is all that is said\"}}}",
             channel("mattermost", "/hooks/m"));
    configure(more);
    run_under_agent(QMON_BUILD_DIR "/victims/asserts", 134);
    http_server_wait(server, 1, PATIENCE_MS);
    expect_message("/hooks/m", "shop died of SIGABRT");
    expect_message("/hooks/m", "Call the shop's people (");
    cr_expect_eq(messages("/hooks/m", "#0"), 0, "the body is all there is, without a trace");
    run_under_agent("sh -c 'exit 3'", 3);
    http_server_wait(server, 2, PATIENCE_MS);
    expect_message("/hooks/m", "exit:3 is all that is said");
}

/* Whatever a template asks for has been through the redaction. */
Test(told, a_programs_own_report_fills_a_template_but_for_its_secrets) {
    char more[1024];

    snprintf(more, sizeof more,
             "%s, \"templates\": {\"slack\": {\"error\": {\"title\": \"{{code}} at {{report.endpoint}}\","
             "\"body\": \"*{{report.user_id}}* lost order {{report.extra.order}}, {{message}}, with token "
             "({{report.extra.token}})\"}}}",
             channel("slack", "/services/s"));
    configure(more);
    run_under_agent(QMON_BUILD_DIR "/victims/reports_errors 1 0", 0);
    http_server_wait(server, 1, PATIENCE_MS);
    expect_message("/services/s", "payment-declined at");
    expect_message("/services/s", "*user-7* lost order 4711, payment 0 declined, with token (");
    cr_expect_eq(messages("/services/s", "xoxb-secret-secret"), 0);
}

Test(told, a_template_that_names_no_field_is_refused_by_the_doctor_and_costs_no_alert) {
    char more[1024];

    snprintf(more, sizeof more, "%s,\n\"templates\": {\"mattermost\":\n{\"exit\": {\"title\": \"{{exit.code}}\"}}}",
             channel("mattermost", "/hooks/m"));
    configure(more);
    expect_printed("doctor", 1, "qmon.json:4:11: ");
    expect_printed("doctor", 1, "templates.mattermost.exit.title: there is no field \"exit.code\"");
    size_t before = http_server_count(server); /* the doctor has been there */
    run_under_agent("sh -c 'exit 3'", 3);
    http_server_wait(server, before + 1, PATIENCE_MS);
    expect_message("/hooks/m", "status 3");
    cr_expect_eq(messages("/hooks/m", "{{"), 0);
}

Test(told, routes_that_go_on_lead_to_several_channels) {
    char more[1024];

    snprintf(more, sizeof more,
             "%s, %s, \"file\": {\"path\": \"events\"}, \"routes\": ["
             "{\"match\": {\"kind\": \"crash\"}, \"channels\": \"mattermost\", \"continue\": true},"
             "{\"match\": {\"service\": \"shop\"}, \"channels\": [\"rocketchat\"]},"
             "{\"channels\": \"file\"}]",
             channel("mattermost", "/hooks/m"), channel("rocketchat", "/hooks/r"));
    configure(more);
    run_under_agent(QMON_BUILD_DIR "/victims/asserts", 134);
    run_under_agent("sh -c 'exit 3'", 3);
    http_server_wait(server, 3, PATIENCE_MS);
    free(qmon("flush", 0));
    cr_expect_eq(http_server_count(server), 3);
    expect_message("/hooks/m", "SIGABRT");
    expect_message("/hooks/r", "SIGABRT");
    expect_message("/hooks/r", "status 3");
    cr_expect_null(scratch_read(scratch_path(&scratch, "events")), "the second route was the last");
}

/* Every hour of every day is quiet; then none is. */
Test(told, what_is_not_critical_waits_for_the_end_of_the_quiet_hours) {
    char more[1024], later[1024];

    snprintf(later, sizeof later, "%s, %s", channel("mattermost", "/hooks/m"), channel("rocketchat", "/hooks/r"));
    snprintf(more, sizeof more,
             "%s, \"quiet_hours\": {\"from\": \"00:00\", \"to\": \"24:00\", \"time_zone\": \"UTC\", \"channels\": "
             "\"mattermost\"}",
             later);
    configure(more);
    run_under_agent("sh -c 'exit 3'", 3);
    http_server_wait(server, 1, PATIENCE_MS);
    expect_printed("route", 0, "yes, after its quiet hours");
    run_under_agent(QMON_BUILD_DIR "/victims/asserts", 134);
    http_server_wait(server, 3, PATIENCE_MS);
    flush_until("1 waits in the outbox"); /* who asks for it at night gets it no sooner */
    cr_expect_eq(http_server_count(server), 3);
    expect_message("/hooks/r", "status 3");
    expect_message("/hooks/r", "SIGABRT");
    expect_message("/hooks/m", "SIGABRT");
    expect_printed("stats --json", 0, "quiet-hours");
    configure(later);
    expect_printed("flush", 0, "1 sent, 0 to be tried again, 0 set aside");
    cr_expect_eq(http_server_count(server), 4);
    expect_message("/hooks/m", "status 3");
}
