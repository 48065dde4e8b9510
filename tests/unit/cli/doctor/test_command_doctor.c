/* `qmon doctor`: it tries things for real, and says what to do. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command_case.h"
#include "http_server.h"

TestSuite(command_doctor, .init = setup, .fini = teardown, .timeout = 90);

Test(command_doctor, finds_nothing_wrong_with_the_defaults) {
    COMMAND(&command, 0, "doctor");
    command_expect_out(&command, "set: QMON_STATE_DIR");
    command_expect_out(&command, "state can be written to");
    command_expect_out(&command, "a trial crash was caught and stored");
    command_expect_out(&command, "none is configured: events are kept here");
    command_expect_out(&command, "Nothing is wrong");
    cr_expect_null(strchr(command.out, '\033'));
    cr_expect_str_empty(command.err);
}

Test(command_doctor, leaves_no_event_and_no_file_of_its_trial_behind) {
    static char temporary[200];
    const char *const environment[] = {temporary, NULL};
    struct command list = {.scratch = &scratch};

    cr_assert_eq(mkdir(scratch_path(&scratch, "tmp"), 0700), 0);
    snprintf(temporary, sizeof temporary, "TMPDIR=%s/tmp", scratch.path);
    command.environment = environment;
    COMMAND(&command, 0, "doctor");
    command_expect_out(&command, "a trial crash was caught");
    cr_expect_eq(rmdir(scratch_path(&scratch, "tmp")), 0, "something is left in it");
    COMMAND(&list, 0, "list", "--all");
    cr_expect_str_empty(list.out);
    command_free(&list);
}

Test(command_doctor, names_each_bad_setting) {
    const char *const environment[] = {"QMON_DEDUP_WINDOW=soon", "QMON_LIFECYCLE=some", NULL};

    command.environment = environment;
    COMMAND(&command, 1, "doctor");
    command_expect_out(&command, "QMON_DEDUP_WINDOW");
    command_expect_out(&command, "QMON_LIFECYCLE");
    command_expect_out(&command, "2 things are wrong");
}

/* The file is no channel for people: it is named in them. */
Test(command_doctor, warns_of_quiet_hours_that_never_end) {
    static char config[300], file[300];
    const char *const environment[] = {config, file, NULL};

    snprintf(config, sizeof config, "QMON_CONFIG=%s",
             scratch_write(&scratch, "qmon.json",
                           "{\"quiet_hours\": [{\"from\": \"08:00\", \"to\": \"08:00\", \"below\": \"error\", "
                           "\"channels\": \"file\"}]}"));
    snprintf(file, sizeof file, "QMON_EVENTS_FILE=%s/events", scratch.path);
    command.environment = environment;
    COMMAND(&command, 0, "doctor");
    command_expect_out(&command, "quiet hours last all week");
    command_expect_out(&command, "what is warning or less severe waits for ever");
    command_expect_out(&command, "1 thing to know");
}

Test(command_doctor, shows_which_settings_there_are_but_no_secret) {
    const char *const environment[] = {"SLACK_APP_TOKEN=xoxb-very-secret",
                                       "SLACK_ALERTS_CHANNEL=C012345",
                                       "SLACK_API_URL=http://127.0.0.1:1/",
                                       "REDIS_URL=redis://user:hidden@127.0.0.1:1/0",
                                       "APP_NAME=shop",
                                       NULL};

    command.environment = environment;
    COMMAND(&command, 1, "doctor", "--send");
    command_expect_out(&command, "APP_NAME");
    command_expect_out(&command, "SLACK_APP_TOKEN");
    cr_expect_null(strstr(command.out, "very-secret"));
    cr_expect_null(strstr(command.out, "hidden"));
}

Test(command_doctor, says_that_redis_does_not_answer) {
    const char *const environment[] = {"REDIS_HOST=127.0.0.1", "REDIS_PORT=1", NULL};

    command.environment = environment;
    COMMAND(&command, 1, "doctor");
    command_expect_out(&command, "redis");
    command_expect_out(&command, "until then repeats are counted on this host alone");
}

Test(command_doctor, sends_a_test_alert_only_when_asked) {
    struct http_server *server = http_server_start(NULL);
    static char url[200];
    const char *const environment[] = {url, NULL};
    size_t before;

    cr_assert_not_null(server);
    snprintf(url, sizeof url, "QMON_WEBHOOK_URL=%s", http_server_url(server, "/hook"));
    command.environment = environment;
    COMMAND(&command, 0, "doctor");
    before = http_server_count(server);
    for (size_t i = 0; i < before; i++)
        cr_expect_null(strstr(http_server_seen(server, i)->body, "Test alert"));
    command_free(&command);
    COMMAND(&command, 0, "doctor", "--send");
    command_expect_out(&command, "test alert sent");
    cr_assert_geq(http_server_count(server), before + 1);
    cr_expect_not_null(
        strstr(http_server_seen(server, http_server_count(server) - 1)->body, "Test alert of qmon doctor"));
    http_server_stop(server);
}

Test(command_doctor, fails_when_a_channel_refuses_the_test_alert) {
    struct http_server *server = http_server_start(NULL);
    static char url[200];
    const char *const environment[] = {url, NULL};

    cr_assert_not_null(server);
    cr_assert(http_server_script_words(server, "500*9"));
    snprintf(url, sizeof url, "QMON_WEBHOOK_URL=%s", http_server_url(server, "/hook"));
    command.environment = environment;
    COMMAND(&command, 1, "doctor", "--send");
    command_expect_out(&command, "the test alert was not taken: ");
    http_server_stop(server);
}

Test(command_doctor, says_that_an_ordinary_program_can_be_watched) {
    COMMAND(&command, 0, "doctor", "sh");
    command_expect_out(&command, "the agent can be loaded into /usr/bin/sh");
}

static void compile(const char *name, const char *source, const char *flags) {
    char text[1024];

    scratch_write(&scratch, "program.c", source);
    snprintf(text, sizeof text, "cd %s && cc -o %s program.c %s", scratch.path, name, flags);
    cr_assert_eq(system(text), 0);
}

Test(command_doctor, says_what_keeps_the_agent_out_of_a_program) {
    compile("static", "int main(void) { return 0; }\n", "-static");
    COMMAND(&command, 1, "doctor", "./static");
    command_expect_out(&command, "is statically linked");
    command_free(&command);
    compile("suid", "int main(void) { return 0; }\n", "");
    cr_assert_eq(chmod(scratch_path(&scratch, "suid"), 04755), 0);
    COMMAND(&command, 0, "doctor", "./suid");
    command_expect_out(&command, "is set-user-ID");
    command_free(&command);
    COMMAND(&command, 1, "doctor", "no-such-program-anywhere");
    command_expect_out(&command, "there is none in PATH");
}

Test(command_doctor, says_that_a_programs_own_report_function_cannot_be_reached) {
    compile("own", "int qmon_report(void) { return 0; }\nint main(void) { return qmon_report(); }\n", "-g");
    COMMAND(&command, 0, "doctor", "./own");
    command_expect_out(&command, "defines qmon_report itself");
}

Test(command_doctor, says_that_a_program_is_excluded) {
    const char *const environment[] = {"QMON_EXCLUDE=nginx,s?", NULL};

    command.environment = environment;
    COMMAND(&command, 0, "doctor", "sh");
    command_expect_out(&command, "matches QMON_EXCLUDE");
}

/* Half of a channel's settings is no channel, and mostly a mistake. */
Test(command_doctor, says_what_is_missing_of_a_channel) {
    const char *const environment[] = {"SLACK_APP_TOKEN=xoxb-1", "QMON_SMTP_URL=smtp://127.0.0.1", NULL};

    command.environment = environment;
    COMMAND(&command, 1, "doctor");
    command_expect_out(&command, "SLACK_APP_TOKEN is set, but SLACK_ALERTS_CHANNEL is not");
    command_expect_out(&command, "bad-settings: QMON_SMTP_FROM is no address");
    command_expect_out(&command, "2 things are wrong");
}

Test(command_doctor, tries_every_channel_that_is_set) {
    struct http_server *server = http_server_start(NULL);
    static char lines[8][200];
    const char *const environment[] = {lines[0],
                                       lines[1],
                                       lines[2],
                                       lines[3],
                                       lines[4],
                                       lines[5],
                                       lines[6],
                                       "QMON_SYSLOG=udp://127.0.0.1",
                                       "QMON_JOURNAL=/nonexistent/socket",
                                       "QMON_STDERR=text",
                                       "AWS_EC2_METADATA_DISABLED=true",
                                       "QMON_XRAY=1",
                                       "QMON_CLOUDWATCH_NAMESPACE=qmon",
                                       NULL};
    static const char *const forms[] = {
        "TEAMS_WEBHOOK_URL=http://127.0.0.1:%u/x", "MATTERMOST_WEBHOOK_URL=http://127.0.0.1:%u/hooks/x",
        "OPSGENIE_API_URL=http://127.0.0.1:%u/",   "OPSGENIE_API_KEY=k%u",
        "ELASTICSEARCH_URL=http://127.0.0.1:%u",   "QMON_SENTRY_DSN=http://key@127.0.0.1:%u/4",
        "QMON_OTLP_ENDPOINT=http://127.0.0.1:%u"};
    static const char *const good[] = {"teams",  "mattermost", "opsgenie", "elasticsearch",
                                       "sentry", "otlp",       "syslog",   "stderr"};
    char text[64];

    cr_assert_not_null(server);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        snprintf(lines[i], sizeof lines[i], forms[i], http_server_port(server));
    command.environment = environment;
    COMMAND(&command, 1, "doctor");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "\xe2\x9c\x93 %s ", good[i]);
        command_expect_out(&command, text);
    }
    command_expect_out(&command, "\xe2\x9c\x97 journal ");
    command_expect_out(&command, "\xe2\x9c\x97 xray ");
    command_expect_out(&command, "\xe2\x9c\x97 cloudwatch-metrics\n");
    command_expect_out(&command, "3 things are wrong");
    http_server_stop(server);
}
