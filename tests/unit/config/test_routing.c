/*
 * Routes, least severities and quiet hours as the JSON file says them: what is understood, and what is said about the rest.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qmon/routing.h>

#include "config_case.h"

TestSuite(routing_config, .init = setup, .fini = teardown, .timeout = 20);

static struct qmon_config *load(const char *json) {
    scratch_write(&scratch, "qmon.json", json);
    return config_with("QMON_CONFIG=qmon.json");
}

static void expect_problems(const char *json, size_t count, const char *const *problems) {
    struct qmon_config *config = load(json);

    cr_expect_eq(config->problem_count, count, "%zu problems with %s", config->problem_count, json);
    for (size_t i = 0; i < count && i < config->problem_count; i++)
        cr_expect_str_eq(config->problems[i], problems[i]);
    for (size_t i = count; i < config->problem_count; i++)
        cr_expect_fail("also: %s", config->problems[i]);
    qmon_config_free(config);
}

#define BIT(channel) ((qmon_channels) 1 << QMON_CHANNEL_##channel)

Test(routing_config, understands_a_whole_file) {
    struct qmon_config *config = load(
        "{\"routes\": [{\"name\": \"on call\", \"match\": {\"min_severity\": \"error\", \"kind\": [\"crash\", \"exit\"],"
        "\"service\": \"pay*\", \"stage\": [\"production\", \"!test\"]}, \"channels\": [\"slack\", \"pagerduty\"],"
        "\"continue\": true}, {\"match\": {\"severity\": \"WARN\"}, \"channels\": []}, {\"channels\": \"*\"}],"
        "\"channels\": {\"email\": {\"min_severity\": \"fatal\"}},"
        "\"quiet_hours\": {\"from\": \"22:00\", \"to\": \"07:30\", \"days\": [\"mon-thu\", \"Sunday\"],"
        "\"time_zone\": \"UTC\", \"below\": \"error\", \"channels\": \"slack\"}}");
    const struct qmon_routing *routing = config->routing;

    cr_expect_eq(config->problem_count, 0, "%s", config->problem_count ? config->problems[0] : "");
    cr_assert_eq(routing->route_count, 3);
    cr_expect_str_eq(routing->routes[0].name, "on call");
    cr_expect_eq(routing->routes[0].severities, 1u << QMON_SEVERITY_ERROR | 1u << QMON_SEVERITY_CRITICAL);
    cr_expect_eq(routing->routes[0].kinds, 1u << QMON_KIND_CRASH | 1u << QMON_KIND_EXIT);
    cr_expect_eq(routing->routes[0].channels, BIT(slack) | BIT(pagerduty));
    cr_expect(routing->routes[0].goes_on);
    cr_assert_eq(routing->routes[0].patterns[QMON_ROUTE_STAGE].count, 2);
    cr_expect_str_eq(routing->routes[1].name, "routes[1]");
    cr_expect_eq(routing->routes[1].severities, 1u << QMON_SEVERITY_WARNING);
    cr_expect_eq(routing->routes[1].channels, 0);
    cr_expect_eq(routing->routes[2].channels, ((uint64_t) 1 << QMON_CHANNELS) - 1);
    cr_expect_eq(routing->least[QMON_CHANNEL_email], QMON_SEVERITY_CRITICAL);
    cr_expect_eq(routing->least[QMON_CHANNEL_slack], QMON_SEVERITY_INFO);
    cr_assert_eq(routing->quiet_count, 1);
    cr_expect_eq(routing->quiet[0].from, 22 * 60);
    cr_expect_eq(routing->quiet[0].to, 7 * 60 + 30);
    cr_expect_eq(routing->quiet[0].days, 0x1fu);
    cr_expect_eq(routing->quiet[0].below, QMON_SEVERITY_ERROR);
    cr_expect_eq(routing->quiet[0].channels, BIT(slack));
    qmon_config_free(config);
}

Test(routing_config, says_path_line_and_column_of_what_it_does_not_understand) {
    expect_problems(
        "{\n\"routes\": [\n{\"channels\": [\"slack\"]},\n{\n\"match\": {\"severty\": \"error\"},\n"
        "\"channels\": [\"slack\"]}]}",
        2,
        (const char *const[]){"qmon.json:5:11: routes[1].match.severty: there is no such name here; did you mean "
                              "severity?",
                              "qmon.json:4:1: routes[1]: this route is left out"});
    expect_problems(
        "{\"routes\": [{\"channels\":\n[\"slack\",\n\"slak\"]}]}", 1,
        (const char *const[]){"qmon.json:3:1: routes[0].channels[1]: there is no channel \"slak\"; did you mean "
                              "slack?"});
    expect_problems(
        "{\"routes\": [{\"match\": {\"min_severity\": \"awful\"}, \"channels\": []}]}", 2,
        (const char *const[]){"qmon.json:1:24: routes[0].match.min_severity: \"awful\" is no severity: info, "
                              "warning, error or critical",
                              "qmon.json:1:13: routes[0]: this route is left out"});
    expect_problems("{\"quiet_hours\": {\"from\": \"25:00\", \"to\": \"7:00\"}}", 2,
                    (const char *const[]){"qmon.json:1:18: quiet_hours.from: \"25:00\" is no time of day, as 22:00",
                                          "qmon.json:1:2: quiet_hours: these quiet hours are left out"});
    expect_problems("{\"quiet_hours\": [{\"from\": \"22:00\"}]}", 2,
                    (const char *const[]){"qmon.json:1:18: quiet_hours[0]: needs both from and to",
                                          "qmon.json:1:18: quiet_hours[0]: these quiet hours are left out"});
    expect_problems(
        "{\n\"min_severity\": [\"slack=error\", \"slak=error\"]}", 1,
        (const char *const[]){"qmon.json:2:1: min_severity: \"slak=error\" is neither a severity (info, warning, "
                              "error, critical) nor one for a channel, as slack=error; left out"});
    expect_problems("{\"channels\": {\"slack\": {\"min_severity\": 3}}}", 1,
                    (const char *const[]){"qmon.json:1:25: channels.slack.min_severity: is not a text"});
}

Test(routing_config, leaves_out_a_route_all_of_whose_channels_are_unknown) {
    struct qmon_config *config = load("{\"routes\": [{\"channels\": [\"nowhere\"]}, {\"match\": {}}]}");

    cr_expect_eq(config->routing->route_count, 0);
    cr_expect_eq(config->problem_count, 4);
    qmon_config_free(config);
}

Test(routing_config, takes_a_wrong_zone_for_no_quiet_hours) {
    static const char *const zones[] = {"Mars/Olympus", "/etc/passwd", "../../etc/passwd", ""};
    char json[160];

    for (size_t i = 0; i < 3; i++) {
        snprintf(json, sizeof json,
                 "{\"quiet_hours\": {\"from\": \"22:00\", \"to\": \"07:00\", \"time_zone\": \"%s\"}}", zones[i]);
        struct qmon_config *config = load(json);
        cr_expect_eq(config->routing->quiet_count, 0, "%s", zones[i]);
        qmon_config_free(config);
    }
}

Test(routing_config, least_severities_of_the_environment_win_and_one_channels_own_counts_more) {
    scratch_write(&scratch, "qmon.json", "{\"channels\": {\"email\": {\"min_severity\": \"critical\"}}}");
    struct qmon_config *config =
        config_with("QMON_CONFIG=qmon.json", "QMON_MIN_SEVERITY=warning,slack=error,file=info,nosuch=error,awful");

    cr_expect_eq(config->routing->least[QMON_CHANNEL_email], QMON_SEVERITY_CRITICAL);
    cr_expect_eq(config->routing->least[QMON_CHANNEL_slack], QMON_SEVERITY_ERROR);
    cr_expect_eq(config->routing->least[QMON_CHANNEL_teams], QMON_SEVERITY_WARNING);
    cr_expect_eq(config->routing->least[QMON_CHANNEL_file], QMON_SEVERITY_INFO);
    cr_expect_eq(config->problem_count, 2);
    qmon_config_free(config);
}

Test(routing_config, bears_nonsense_of_every_shape) {
    static const char *const files[] = {
        "{\"routes\": 7}",
        "{\"routes\": [null, 1, \"x\", [], {}]}",
        "{\"routes\": [{\"match\": [], \"channels\": {}}]}",
        "{\"routes\": [{\"match\": {\"service\": [null, {}, \"\", \"!\"]}, \"channels\": \"*\"}]}",
        "{\"routes\": [{\"match\": {\"service\": []}, \"channels\": []}]}",
        "{\"routes\": [{\"match\": {\"severity\": []}, \"channels\": []}]}",
        "{\"quiet_hours\": {\"from\": \"1:00\", \"to\": \"2:00\", \"days\": []}}",
        "{\"channels\": [], \"quiet_hours\": \"night\"}",
        "{\"channels\": {\"slack\": null, \"\": {}}}",
        "{\"quiet_hours\": {\"from\": \"1:+5\", \"to\": \"2:00\"}}",
        "{\"quiet_hours\": {\"from\": \"1:00\", \"to\": \"2: 5\"}}",
        "{\"quiet_hours\": [{\"days\": \"mon-\", \"from\": \"-1:00\", \"to\": \"+1:00\"}]}"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct qmon_config *config = load(files[i]);
        cr_expect_gt(config->problem_count, 0, "%s", files[i]);
        cr_expect_eq(config->routing->route_count, 0, "%s", files[i]);
        cr_expect_eq(config->routing->quiet_count, 0, "%s", files[i]);
        qmon_config_free(config);
    }
}
