/*
 * A storm as the person gets it who is called at night: ten thousand different errors of one program, nothing configured but Slack.
 * 1. A handful of messages, none of them refused by Slack's limits. 2. Each error is told, or counted by a digest, once. 3. The digest
 * says how many, whose, which most, and how to see them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http_server.h"
#include "scratch.h"
#include "slack_limits.h"
#include "slack_mock.h"

#define ERRORS 10000u
#define MOST_MESSAGES 12u /* a start, a stop, five alerts and a few digests */

static struct scratch scratch;
static struct slack_mock slack = {.token = "xoxb-storm", .now = true};
static struct http_server *server;

static void set_up(void) {
    const struct http_server_options options = {.respond = slack_mock_respond, .context = &slack};

    scratch = scratch_make();
    server = http_server_start(&options);
    cr_assert_not_null(server);
}

static void tear_down(void) {
    http_server_stop(server);
    scratch_remove(&scratch);
}

TestSuite(storm, .init = set_up, .fini = tear_down, .timeout = 120);

static int run(const char *command) {
    char line[1200];

    snprintf(line, sizeof line,
             "cd %s && env -i PATH=/usr/bin:/bin HOME=%s QMON_STATE_DIR=%s/state QMON_SERVICE=import STAGE=production "
             "SLACK_APP_TOKEN=xoxb-storm SLACK_ALERTS_CHANNEL=C072D4XPLJ0 SLACK_API_URL=%s %s >/dev/null",
             scratch.path, scratch.path, scratch.path, http_server_url(server, "api/"), command);
    return system(line);
}

/* The number that a digest begins with: "9,995 more alerts were held back"; 0: it is none. */
static unsigned long held_back(const char *body) {
    const char *text = strstr(body, "\"text\":\""), *words = text ? strstr(text, " more alert") : NULL;
    unsigned long number = 0;

    if (!words || !strstr(words, "held back"))
        return 0;
    while (words > text && ((words[-1] >= '0' && words[-1] <= '9') || words[-1] == ','))
        words--;
    for (; *words != ' '; words++)
        if (*words != ',')
            number = number * 10 + (unsigned long) (*words - '0');
    return number;
}

static void expect_readable(const char *digest) {
    static const char *const words[] = {"different problems on this host",
                                        "at most 5 in a minute",
                                        " in import (",
                                        "qmon list",
                                        "qmon show",
                                        "*Service*",
                                        "(production) on "};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        cr_expect_not_null(strstr(digest, words[i]), "%s is not in %s", words[i], digest);
}

Test(storm, ten_thousand_different_errors_are_a_handful_of_messages) {
    unsigned long told = 0, held = 0, digests = 0;
    char command[200];

    snprintf(command, sizeof command, "LD_PRELOAD=" QMON_BUILD_DIR "/libqmon.so %s/victims/reports_many %u",
             QMON_BUILD_DIR, ERRORS);
    cr_assert_eq(run(command), 0);
    for (unsigned i = 0; i < 30 && told + held < ERRORS; i++) {
        run(QMON_BUILD_DIR "/qmon flush --timeout 20s"); /* the last receiver may be at work still */
        told = held = digests = 0;
        for (size_t n = 0; n < http_server_count(server); n++) {
            const char *body = http_server_seen(server, n)->body;
            unsigned long number = held_back(body);
            held += number;
            digests += number > 0;
            told += strstr(body, "of the import failed at /import") != NULL && number == 0;
            if (number > 1000)
                expect_readable(body);
        }
    }
    cr_expect_eq(told + held, ERRORS, "%lu alerts, and %lu in %lu digests", told, held, digests);
    cr_expect_eq(told, 5);
    cr_expect_leq(http_server_count(server), MOST_MESSAGES, "%zu messages", http_server_count(server));
    cr_expect_geq(digests, 1);
}
