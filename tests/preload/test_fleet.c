/*
 * From a program that crashes to the fleet's Redis, which only AWS knows: the agent hands on what the receiver needs for that.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws_mock.h"
#include "redis_server.h"
#include "scratch.h"

static struct scratch scratch;
static struct redis_server server;
static struct aws_mock mock;
static char port[8];

static void setup(void) {
    scratch = scratch_make();
    if (!redis_server_start(&server, NULL))
        cr_skip_test("there is no redis-server");
    snprintf(port, sizeof port, "%u", server.port);
    mock = (struct aws_mock){
        .prefix = "/quarkle/test/cache", .endpoint = "127.0.0.1", .port = port, .instance_role = "host"};
    mock.expected = aws_mock_expects(MOCK_INSTANCE_KEY);
    aws_mock_start(&mock);
}

static void teardown(void) {
    if (mock.server != NULL)
        aws_mock_stop(&mock);
    if (server.pid > 0)
        redis_server_stop(&server);
    scratch_remove(&scratch);
}

TestSuite(fleet, .init = setup, .fini = teardown, .timeout = 120);

/* How a program that ends by a signal ends under the agent, with these variables. */
static void crash(const char *variables) {
    char command[1536];

    snprintf(
        command, sizeof command,
        "cd %s && env -i PATH=/usr/bin:/bin HOME=%s QMON_STATE_DIR=state QMON_EVENTS_FILE=events QMON_LIFECYCLE=off "
        "%s LD_PRELOAD=" QMON_BUILD_DIR "/libqmon.so sh -c 'kill -SEGV $$' 2>/dev/null",
        scratch.path, scratch.path, variables);
    cr_expect_neq(system(command), 0);
}

/* The file of events, once `count` are in it. */
static char *events_of(unsigned count) {
    char *events = NULL;

    for (int i = 0; i < 2000; i++) {
        unsigned found = 0;
        free(events);
        events = scratch_read(scratch_path(&scratch, "events"));
        for (const char *at = events; at != NULL && (at = strchr(at, '\n')) != NULL; at++)
            found++;
        if (found >= count)
            return events;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    cr_assert_fail("there are no %u events in %s", count, events != NULL ? events : "nothing");
    return NULL;
}

static char *keys(void) {
    return redis_server_say(&server, "DBSIZE");
}

Test(fleet, a_crash_is_decided_by_the_redis_that_aws_knows) {
    char variables[512], *count = NULL, *events;

    snprintf(variables, sizeof variables,
             "STAGE=test AWS_EC2_METADATA_SERVICE_ENDPOINT=%s AWS_ENDPOINT_URL_SSM=%s QMON_DEDUP_LIMIT=100",
             http_server_url(mock.server, ""), http_server_url(mock.server, ""));
    for (unsigned i = 1; i <= 20; i++) { /* the first may be decided before AWS has answered */
        crash(variables);
        free(events_of(i));
        free(count);
        count = keys();
        if (atoi(count) > 0)
            break;
    }
    cr_assert_gt(atoi(count), 0, "no decision in Redis");
    free(count);
    for (int i = 0; i < 500; i++) {
        events = scratch_read(scratch_path(&scratch, "events"));
        if (strstr(events, "\"source\":\"redis\"") != NULL)
            break;
        free(events);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        events = NULL;
    }
    cr_assert_not_null(events);
    cr_expect_not_null(strstr(events, "\"fleet\":{\"total\":"), "%s", events);
    cr_expect_not_null(strstr(events, "\"hosts\":1"), "%s", events);
    cr_expect_null(strstr(events, MOCK_SECRET));
    cr_expect_null(strstr(events, mock_token));
    cr_expect_null(atomic_load(&mock.complaint), "%s", atomic_load(&mock.complaint));
    free(events);
}
