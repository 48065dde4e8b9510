/*
 * Templates as the JSON file says them: which fields there are, and what is said about others.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qmon/template.h>

#include "config_case.h"

TestSuite(templates, .init = setup, .fini = teardown, .timeout = 20);

static struct qmon_config *load(const char *json) {
    scratch_write(&scratch, "qmon.json", json);
    return config_with("QMON_CONFIG=qmon.json");
}

static void expect_problem(const char *json, const char *problem) {
    struct qmon_config *config = load(json);

    cr_assert_gt(config->problem_count, 0, "%s", json);
    cr_expect_str_eq(config->problems[0], problem);
    qmon_config_free(config);
}

Test(templates, the_nearest_one_counts) {
    struct qmon_config *config = load(
        "{\"templates\": {\"*\": {\"*\": {\"title\": \"all\", \"body\": \"all's body\"}, \"exit\": {\"title\": \"exits\"}},"
        "\"slack\": {\"*\": {\"title\": \"slack\"}, \"crash\": {\"title\": \"slack's crashes\"}}}}");

    cr_expect_eq(config->problem_count, 0, "%s", config->problem_count ? config->problems[0] : "");
    cr_expect_str_eq(qmon_template_title(config->templates, QMON_CHANNEL_slack, QMON_KIND_CRASH), "slack's crashes");
    cr_expect_str_eq(qmon_template_title(config->templates, QMON_CHANNEL_slack, QMON_KIND_EXIT), "slack");
    cr_expect_str_eq(qmon_template_title(config->templates, QMON_CHANNEL_email, QMON_KIND_EXIT), "exits");
    cr_expect_str_eq(qmon_template_title(config->templates, QMON_CHANNEL_email, QMON_KIND_CRASH), "all");
    cr_expect_str_eq(qmon_template_body(config->templates, QMON_CHANNEL_slack, QMON_KIND_CRASH), "all's body");
    cr_expect_null(qmon_template_body(config->templates, QMON_CHANNEL_webhook, QMON_KIND_CRASH));
    cr_expect_null(qmon_template_body(NULL, QMON_CHANNEL_slack, QMON_KIND_CRASH));
    qmon_config_free(config);
}

Test(templates, a_field_that_does_not_exist_is_named_with_its_place) {
    expect_problem(
        "{\"templates\": {\n\"slack\": {\"crash\":\n{\"title\": \"{{code}}\",\n\"body\": \"{{process.exe}}\"}}}}",
        "qmon.json:4:1: templates.slack.crash.body: there is no field \"process.exe\"; did you mean process.executable?");
    expect_problem(
        "{\"templates\": {\"*\": {\"*\": {\"title\": \"{{executable}}\"}}}}",
        "qmon.json:1:28: templates.*.*.title: there is no field \"executable\"; did you mean process.executable?");
    expect_problem("{\"templates\": {\"*\": {\"*\": {\"title\": \"{{code\"}}}}",
                   "qmon.json:1:28: templates.*.*.title: \"{{\" is not closed by \"}}\"");
    expect_problem("{\"templates\": {\"*\": {\"*\": {\"title\": \"{{ }}\"}}}}",
                   "qmon.json:1:28: templates.*.*.title: \"{{}}\" names no field");
    expect_problem("{\"templates\": {\"*\": {\"oops\": {}}}}",
                   "qmon.json:1:22: templates.*.oops: there is no such name here");
    expect_problem(
        "{\"templates\": {\"webhook\": {\"*\": {\"title\": \"x\"}}}}",
        "qmon.json:1:16: templates.webhook: this channel has the event itself, and no words that a template could make");
    expect_problem("{\"templates\": {\"slack\": {\"*\": {\"title\": 7}}}}",
                   "qmon.json:1:32: templates.slack.*.title: is not a text of at most 4096 bytes; left out");
}

Test(templates, that_are_wrong_are_left_out_and_the_others_stay) {
    struct qmon_config *config =
        load("{\"templates\": {\"slack\": {\"*\": {\"title\": \"{{nosuch}}\", \"body\": \"{{code}}\"}}}}");

    cr_expect_null(qmon_template_title(config->templates, QMON_CHANNEL_slack, QMON_KIND_CRASH));
    cr_expect_str_eq(qmon_template_body(config->templates, QMON_CHANNEL_slack, QMON_KIND_CRASH), "{{code}}");
    qmon_config_free(config);
}

Test(templates, know_the_fields_of_an_event) {
    static const char *const known[] = {"title",
                                        "process.executable",
                                        "threads[0].name",
                                        "threads[0].frames[12].function",
                                        "report.extra.order.number",
                                        "where",
                                        "occurrences.suppressed",
                                        "notes",
                                        "notes[1]",
                                        "registers.rip",
                                        "signal.address",
                                        "context.errno_name",
                                        "trace"};
    static const char *const unknown[] = {"",
                                          ".",
                                          "process",
                                          "process.",
                                          "threads",
                                          "threads[0]",
                                          "threads[x].name",
                                          "threads[].name",
                                          "threads[0]name",
                                          "title.x",
                                          "title[0]",
                                          "notes[0].x",
                                          "threads[99999999999].name",
                                          "whereas"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        cr_expect(qmon_template_knows(known[i]), "%s", known[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        cr_expect_not(qmon_template_knows(unknown[i]), "%s", unknown[i]);
}

static void expect_known(void *context, const char *path) {
    size_t *count = context;

    (*count)++;
    cr_expect(qmon_template_knows(path), "%s is listed", path);
}

Test(templates, know_every_field_that_they_list) {
    size_t count = 0;

    qmon_template_paths(expect_known, &count);
    cr_expect_gt(count, 60);
}
