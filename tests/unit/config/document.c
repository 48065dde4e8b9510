/* What the file named by QMON_CONFIG says. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/config.h>

#include "config_case.h"
#include "document.h"
#include "value.h"

TestSuite(config_file, .init = setup, .fini = teardown, .timeout = 20);

static struct qmon_config *load(const char *json, const char *more) {
    struct qmon_config *config;

    scratch_write(&scratch, "qmon.json", json);
    config = config_with("QMON_CONFIG=qmon.json", more);
    cr_assert_not_null(config);
    return config;
}

static void expect_only_problem(struct qmon_config *config, const char *problem) {
    cr_expect_eq(config->problem_count, 1, "%zu problems", config->problem_count);
    if (config->problem_count > 0)
        cr_expect_str_eq(config->problems[0], problem);
    for (size_t i = 1; i < config->problem_count; i++)
        cr_expect_fail("also: %s", config->problems[i]);
    qmon_config_free(config);
}

Test(config_file, sets_options_of_every_kind) {
    struct qmon_config *config =
        load("\xef\xbb\xbf{\"$schema\": \"x\", \"service\": \"shop\", \"dedup\": {\"window\": 60},"
             "\"redis\": {\"port\": \"7000\"}, \"lifecycle\": \"off\","
             "\"ignore\": {\"codes\": [404, \"4*\", \" \"], \"files\": \"a.c, b.c\"}}",
             NULL);

    cr_expect_eq(config->problem_count, 0, "%s", config->problem_count ? config->problems[0] : "");
    cr_expect_str_eq(config->service, "shop");
    cr_expect_eq(config->dedup_window_s, 60);
    cr_expect_eq(config->redis_port, 7000);
    cr_expect_eq(config->lifecycle, QMON_WHO_OFF);
    cr_assert_eq(config->ignored_codes.count, 2);
    cr_expect_str_eq(config->ignored_codes.items[0], "404");
    cr_expect_eq(config->ignored_files.count, 2);
    cr_expect_not_null(config->document);
    qmon_config_free(config);
}

Test(config_file, gives_way_to_the_environment) {
    struct qmon_config *config = load("{\"stage\": \"from the file\", \"version\": \"1\"}", "STAGE=from an alias");

    cr_expect_str_eq(config->stage, "from an alias");
    cr_expect_str_eq(config->version, "1");
    for (size_t i = 0; i < qmon_option_count; i++)
        if (strcmp(qmon_options[i].path, "version") == 0)
            cr_expect_str_eq(qmon_config_origin(config, &qmon_options[i]), "QMON_CONFIG");
    qmon_config_free(config);
}

Test(config_file, makes_relative_paths_absolute) {
    char expected[SCRATCH_BYTES + 32];
    struct qmon_config *config;

    cr_assert_eq(mkdir("etc", 0700), 0);
    scratch_write(&scratch, "etc/qmon.json",
                  "{\"state_dir\": \"./state\", \"file\": {\"path\": \"/abs\"}, \"log\": \"stderr\", "
                  "\"syslog\": {\"tls_cert\": \"own.pem\"}}");
    config = config_with("QMON_CONFIG=etc/qmon.json", "QMON_EVENTS_FILE=here/events", "QMON_SYSLOG_TLS_KEY=own.key");
    snprintf(expected, sizeof expected, "%s/etc/state", scratch.path);
    cr_expect_str_eq(config->state_dir, expected, "the file's are relative to the file: %s", config->state_dir);
    snprintf(expected, sizeof expected, "%s/here/events", scratch.path);
    cr_expect_str_eq(config->events_file, expected, "others to the working directory");
    snprintf(expected, sizeof expected, "%s/etc/qmon.json", scratch.path);
    cr_expect_str_eq(config->config, expected);
    cr_expect_str_eq(config->log, "stderr");
    snprintf(expected, sizeof expected, "%s/etc/own.pem", scratch.path);
    cr_expect_str_eq(config->syslog_tls_cert, expected);
    snprintf(expected, sizeof expected, "%s/own.key", scratch.path);
    cr_expect_str_eq(config->syslog_tls_key, expected);
    qmon_config_free(config);
    config = config_with("QMON_STATE_DIR=", "QMON_LOG=log");
    cr_expect_str_eq(config->state_dir, "");
    snprintf(expected, sizeof expected, "%s/log", scratch.path);
    cr_expect_str_eq(config->log, expected);
    qmon_config_free(config);
}

Test(config_file, counts_where_the_environment_is_unusable) {
    struct qmon_config *config = load("{\"dedup\": {\"window\": 60}}", "QMON_DEDUP_WINDOW=soon");

    cr_expect_eq(config->dedup_window_s, 60);
    expect_only_problem(config, "QMON_DEDUP_WINDOW: \"soon\" is not a number; using 60");
}

Test(config_file, names_a_bad_value_by_line_and_path) {
    expect_only_problem(
        load("{\n\"stage\": \"a { \\\" window\",\n\"dedup\": {\n \"limit\": 2,\n \"window\": \"abc\"}\n}", NULL),
        "qmon.json:5:2: dedup.window: \"abc\" is not a number; using 3600");
    expect_only_problem(load("{\"redis\":\n{\"port\": 65536}}", NULL),
                        "qmon.json:2:2: redis.port: 65536 is not between 1 and 65535; using 6379");
    expect_only_problem(load("{\"redis\":\n{\"port\": -1}}", NULL),
                        "qmon.json:2:2: redis.port: -1 is not between 1 and 65535; using 6379");
    expect_only_problem(load("{\"dedup\": {\"window\": 1.5}}", NULL),
                        "qmon.json:1:12: dedup.window: 1.5 is not a number; using 3600");
    expect_only_problem(load("{\"exit\": true}", NULL),
                        "qmon.json:1:2: exit: true is none of root, all, off; using root");
    expect_only_problem(
        load("{\"ignore\": {\"codes\": [\"a\",\n {}]}}", NULL),
        "qmon.json:1:13: ignore.codes: the value has an item that is not a text (number 2); using nothing");
    expect_only_problem(load("{\"service\": \"a\\u0000b\"}", NULL),
                        "qmon.json:1:2: service: the value holds a control character; using nothing");
}

Test(config_file, never_shows_a_secret) {
    expect_only_problem(load("{\"slack\": {\"token\": 12345}}", NULL),
                        "qmon.json:1:12: slack.token: the value is not a text; using nothing");
    expect_only_problem(load("{\"redis\": {\"password\": \"hunter2\\n2\"}}", NULL),
                        "qmon.json:1:12: redis.password: the value holds a control character; using nothing");
}

Test(config_file, names_unknown_members_and_what_was_meant) {
    expect_only_problem(load("{\n\n\"servise\": \"x\"}", NULL),
                        "qmon.json:3:1: servise: there is no such option; did you mean service?");
    expect_only_problem(load("{\"dedup\": {\n\"windows\": 1}}", NULL),
                        "qmon.json:2:1: dedup.windows: there is no such option; did you mean dedup.window?");
    expect_only_problem(load("{\"dedup.window\": 1}", NULL),
                        "qmon.json:1:2: dedup.window: there is no such option; did you mean dedup.window?");
    expect_only_problem(load("{\"stage\": \"\xc3\xbc\", \"servise\": 1}", NULL), /* in characters */
                        "qmon.json:1:16: servise: there is no such option; did you mean service?");
    expect_only_problem(load("{\"dedup\": 5}", NULL), "qmon.json:1:2: dedup: is not an object { ... }; left out");
    expect_only_problem(load("{\"\\u0064edup\": {\"\\nx\\u00e9\": 5}}", NULL),
                        "qmon.json:1:17: dedup.?x??: there is no such option");
}

Test(config_file, lets_null_stand_for_nothing) {
    struct qmon_config *config = load("{\"service\": null, \"dedup\": null, \"redis\": {\"port\": null}}", NULL);

    cr_expect_eq(config->problem_count, 0);
    cr_expect_eq(config->redis_port, 6379);
    qmon_config_free(config);
}

Test(config_file, names_members_given_twice) {
    struct qmon_config *config = load("{\"stage\": \"a\",\n\"st\\u0061ge\": \"b\"}", NULL);

    cr_expect_str_eq(config->stage, "b");
    expect_only_problem(config, "qmon.json:2:1: stage: is given more than once; the last one counts");
}

Test(config_file, names_the_place_of_a_syntax_error_and_works_without_the_file) {
    static const struct {
        const char *json, *problem;
    } cases[] = {
        {"{\n\"stage\": \"x\",\n oops}", "qmon.json:3:2: "},
        {"{\n\"stage\": \"x\",\n}", "qmon.json:3:1: "},
        {"{\n\"stage\": \"x\"\n", "qmon.json:3:1: the file ends in the middle of a value"},
        {"", "qmon.json:1:1: the file ends in the middle of a value"},
        {"[1]", "qmon.json:1:1: not a JSON object"},
        {"null", "qmon.json:1:1: not a JSON object"},
        {"{}\n\n{}", "qmon.json:3:1: something stands behind the JSON object"},
        {"{'stage': 'x'}", "qmon.json:1:11: "},
        {"{\"stage\": \"\xff\xfe\"}", "qmon.json:1:12: "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qmon_config *config = load(cases[i].json, NULL);
        cr_assert_eq(config->problem_count, 1, "case %zu", i);
        cr_expect_eq(strncmp(config->problems[0], cases[i].problem, strlen(cases[i].problem)), 0, "%s",
                     config->problems[0]);
        cr_expect_not_null(strstr(config->problems[0], "; the whole file is left out"));
        cr_expect_str_eq(config->stage, "");
        qmon_config_free(config);
    }
}

Test(config_file, refuses_what_is_nested_too_deeply) {
    char json[300];
    struct qmon_config *config;

    strcpy(json, "{\"stage\": ");
    memset(json + strlen(json), '[', 200);
    json[210] = '\0';
    config = load(json, NULL);
    cr_assert_eq(config->problem_count, 1);
    cr_expect_not_null(strstr(config->problems[0], "nesting"), "%s", config->problems[0]);
    qmon_config_free(config);
}

Test(config_file, says_when_it_cannot_be_read_without_waiting_for_it) {
    expect_only_problem(config_with("QMON_CONFIG=none.json"),
                        "QMON_CONFIG: none.json: No such file or directory; the file is left out");
    expect_only_problem(config_with("QMON_CONFIG=."), "QMON_CONFIG: .: not a regular file; the file is left out");
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    expect_only_problem(config_with("QMON_CONFIG=fifo"), "QMON_CONFIG: fifo: not a regular file; the file is left out");
    scratch_write(&scratch, "big", "{}");
    cr_assert_eq(truncate("big", QMON__DOCUMENT_BYTES_MAX + 1), 0);
    expect_only_problem(config_with("QMON_CONFIG=big"),
                        "QMON_CONFIG: big: larger than 1048576 bytes; the file is left out");
}

Test(config_file, stays_quick_with_a_hundred_thousand_unknown_members) {
    char *json = malloc(QMON__DOCUMENT_BYTES_MAX);
    size_t bytes = 1;
    struct qmon_config *config;

    json[0] = '{';
    for (unsigned i = 0; i < 90000; i++)
        bytes += (size_t) sprintf(json + bytes, "\"k%x\":1,", i);
    strcpy(json + bytes - 1, "}");
    config = load(json, NULL);
    cr_expect_str_eq(config->problems[config->problem_count - 1], "and 89937 more problems");
    qmon_config_free(config);
    free(json);
}
