/* What the environment says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <qmon/config.h>

#include "config_with.h"
#include "options.h"
#include "problems.h"
#include "value.h"

static const struct qmon_option *option_named(const char *environment) {
    size_t i = 0;

    while (i < qmon_option_count && strcmp(qmon_options[i].environment, environment) != 0)
        i++;
    cr_assert_lt(i, qmon_option_count, "no option %s", environment);
    return &qmon_options[i];
}

static void expect_problems(const struct qmon_config *config, const char *const *expected) {
    size_t count = 0;

    for (; expected[count] != NULL; count++) {
        cr_assert_lt(count, config->problem_count, "missing: %s", expected[count]);
        cr_expect_str_eq(config->problems[count], expected[count]);
    }
    cr_expect_eq(config->problem_count, count, "there are more: %s",
                 count < config->problem_count ? config->problems[count] : "");
}
#define EXPECT_PROBLEMS(config, ...) expect_problems(config, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

Test(config, has_the_documented_defaults_with_nothing_set, .timeout = 10) {
    struct qmon_config *config = config_with();

    cr_assert_not_null(config);
    cr_expect_str_eq(config->service, "");
    cr_expect_str_eq(config->version, "unknown");
    cr_expect_eq(config->redis_port, 6379);
    cr_expect_str_eq(config->slack_api_url, "https://slack.com/api/");
    cr_expect_eq(config->dedup_window_s, 3600);
    cr_expect_eq(config->dedup_limit, 1);
    cr_expect_eq(config->lifecycle, QMON_WHO_ROOT);
    cr_expect_eq(config->exit, QMON_WHO_ROOT);
    cr_expect_eq(config->deadline_ms, 5000);
    cr_expect_eq(config->ignored_codes.count, 0);
    cr_expect_not(config->disable);
    cr_expect_null(config->document);
    cr_expect_null(qmon_config_origin(config, option_named("QMON_STAGE")));
    EXPECT_PROBLEMS(config);
    qmon_config_free(config);
}

Test(config, reads_every_kind_of_value, .timeout = 10) {
    struct qmon_config *config =
        config_with("QMON_SERVICE= shop \n", "QMON_DEDUP_WINDOW=60", "QMON_EXIT=All", "QMON_DISABLE=yes",
                    "QMON_IGNORED_ERROR_CODES=404, 4*,,exit:2 ,", "SLACK_APP_TOKEN=xoxb-1", "PATH=/bin");

    cr_expect_str_eq(config->service, "shop");
    cr_expect_eq(config->dedup_window_s, 60);
    cr_expect_eq(config->exit, QMON_WHO_ALL);
    cr_expect(config->disable);
    cr_assert_eq(config->ignored_codes.count, 3);
    cr_expect_str_eq(config->ignored_codes.items[0], "404");
    cr_expect_str_eq(config->ignored_codes.items[1], "4*");
    cr_expect_str_eq(config->ignored_codes.items[2], "exit:2");
    cr_expect_str_eq(config->slack_token, "xoxb-1");
    EXPECT_PROBLEMS(config);
    qmon_config_free(config);
}

Test(config, takes_the_first_name_of_an_option_that_is_set, .timeout = 10) {
    struct qmon_config *config = config_with("BUILD_ID=b", "GIT_HASH=g", "APP_VERSION=", "QMON_STAGE=two", "STAGE=one");

    cr_expect_str_eq(config->version, "g", "an empty variable counts as not set");
    cr_expect_str_eq(qmon_config_origin(config, option_named("APP_VERSION")), "GIT_HASH");
    cr_expect_str_eq(config->stage, "two");
    cr_expect_str_eq(qmon_config_origin(config, option_named("QMON_STAGE")), "QMON_STAGE");
    EXPECT_PROBLEMS(config);
    qmon_config_free(config);
}

Test(config, goes_on_to_the_next_name_when_one_is_unusable_and_says_so, .timeout = 10) {
    struct qmon_config *config = config_with("QMON_STAGE=a\x01z", "STAGE=production");

    cr_expect_str_eq(config->stage, "production");
    EXPECT_PROBLEMS(config, "QMON_STAGE: the value holds a control character; using the value set elsewhere");
    qmon_config_free(config);
}

Test(config, names_bad_values_and_what_is_used_instead, .timeout = 10) {
    struct qmon_config *config =
        config_with("QMON_DEDUP_WINDOW=abc", "QMON_DEDUP_LIMIT=0", "REDIS_PORT=tcp://10.0.0.1:6379",
                    "QMON_LIFECYCLE=some", "QMON_DISABLE=perhaps", "QMON_DEADLINE_MS=99999999999999999999999");

    EXPECT_PROBLEMS(config, "REDIS_PORT: \"tcp://10.0.0.1:6379\" is not a number; using 6379",
                    "QMON_DEDUP_WINDOW: \"abc\" is not a number; using 3600",
                    "QMON_DEDUP_LIMIT: \"0\" is not between 1 and 1000000; using 1",
                    "QMON_LIFECYCLE: \"some\" is none of root, all, off; using root",
                    "QMON_DEADLINE_MS: \"99999999999999999999999\" is not between 10 and 600000; using 5000",
                    "QMON_DISABLE: \"perhaps\" is none of 1, 0, yes, no, true, false, on, off; using off");
    cr_expect_eq(config->redis_port, 6379);
    cr_expect_eq(config->dedup_window_s, 3600);
    qmon_config_free(config);
}

Test(config, names_unknown_variables_and_what_was_meant_but_not_their_values, .timeout = 10) {
    struct qmon_config *config =
        config_with("QMON_DEDUP_WINDW=hunter2", "QMON_COLOUR_OF_THE_BIKE_SHED=hunter2", "QMONX=1");

    EXPECT_PROBLEMS(config, "QMON_DEDUP_WINDW: there is no such option; did you mean QMON_DEDUP_WINDOW?",
                    "QMON_COLOUR_OF_THE_BIKE_SHED: there is no such option");
    qmon_config_free(config);
}

Test(config, never_shows_a_secret, .timeout = 10) {
    static const char secret[] = "hunter2\x01";
    char variables[QMON__OPTION_COUNT][64];
    char *environment[QMON__OPTION_COUNT + 1];
    struct qmon_config *config;
    size_t count = 0;

    for (size_t i = 0; i < qmon_option_count; i++)
        if (qmon_options[i].flags & QMON_OPTION_SECRET) {
            snprintf(variables[count], sizeof variables[count], "%s=%s", qmon_options[i].environment, secret);
            environment[count] = variables[count];
            count++;
        }
    environment[count] = NULL;
    cr_assert_geq(count, 6);
    config = qmon_config_load(environment);
    cr_expect_eq(config->problem_count, count);
    for (size_t i = 0; i < config->problem_count; i++)
        cr_expect_null(strstr(config->problems[i], "hunter2"), "%s", config->problems[i]);
    qmon_config_free(config);
}

Test(config, bounds_texts_and_lists, .timeout = 10) {
    static char text[sizeof "QMON_SERVICE=" + QMON__TEXT_BYTES_MAX + 1] = "QMON_SERVICE=";
    static char list[sizeof "QMON_EXCLUDE=" + 2 * (QMON__LIST_ITEMS_MAX + 1)] = "QMON_EXCLUDE=";
    struct qmon_config *config;

    memset(text + strlen(text), 'x', QMON__TEXT_BYTES_MAX + 1);
    for (size_t i = 0; i <= QMON__LIST_ITEMS_MAX; i++)
        strcat(list, "a,");
    config = config_with(text, list);
    EXPECT_PROBLEMS(config, "QMON_SERVICE: the value is longer than 8192 bytes; using nothing",
                    "QMON_EXCLUDE: the value has more than 512 items; using nothing");
    cr_expect_eq(config->exclude.count, 0);
    qmon_config_free(config);
}

Test(config, says_how_many_problems_it_leaves_out, .timeout = 10) {
    static char names[200][32];
    char *environment[201] = {NULL};
    struct qmon_config *config;

    for (size_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "QMON_WRONG_%zu=1", i);
        environment[i] = names[i];
    }
    config = qmon_config_load(environment);
    cr_assert_eq(config->problem_count, QMON__PROBLEMS_MAX);
    cr_expect_str_eq(config->problems[QMON__PROBLEMS_MAX - 1], "and 137 more problems");
    qmon_config_free(config);
}

Test(config, knows_its_options_by_distinct_names_and_paths, .timeout = 10) {
    for (size_t i = 0; i < qmon_option_count; i++)
        for (size_t k = 0; k < i; k++) {
            cr_expect_str_neq(qmon_options[i].environment, qmon_options[k].environment);
            cr_expect(qmon_options[i].path[0] == '\0' || strcmp(qmon_options[i].path, qmon_options[k].path) != 0);
        }
    cr_expect_str_eq(qmon_option_alias(option_named("APP_VERSION"), 1), "BUILD_ID");
    cr_expect_null(qmon_option_alias(option_named("APP_VERSION"), 2));
    cr_expect_null(qmon_option_alias(option_named("QMON_LOG"), 0));
}

Test(config, frees_nothing_gladly, .timeout = 10) {
    qmon_config_free(NULL);
}
