/*
 * The configuration file reaches the agent inside the program as well as the receiver, wherever either of them stands.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scratch.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
}

static void teardown(void) {
    scratch_remove(&scratch);
}

TestSuite(configuration, .init = setup, .fini = teardown, .timeout = 60);

/* In the scratch directory, with nothing in the environment but what `command` sets. */
static int run(const char *command) {
    char whole[1024];

    snprintf(whole, sizeof whole, "cd %s && env -i PATH=/usr/bin:/bin HOME=%s %s", scratch.path, scratch.path, command);
    return system(whole);
}

/* The file of events, once `wanted` is in it. */
static char *events_with(const char *wanted) {
    char *events = NULL;

    for (int i = 0; i < 1000; i++) {
        free(events);
        events = scratch_read(scratch_path(&scratch, "etc/events"));
        if (events != NULL && strstr(events, wanted) != NULL)
            return events;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    cr_assert_fail("no %s in %s", wanted, events != NULL ? events : "nothing");
    return NULL;
}

static const char under_agent[] = "QMON_CONFIG=etc/qmon.json LD_PRELOAD=" QMON_BUILD_DIR "/libqmon.so ";

static void run_under_agent(const char *environment, const char *program, int status) {
    char command[512];

    snprintf(command, sizeof command, "%s %s %s", environment, under_agent, program);
    cr_expect_eq(run(command), status << 8, "%s", command);
}

static void flush(void) {
    cr_expect_eq(run("QMON_CONFIG=etc/qmon.json " QMON_BUILD_DIR "/qmon flush > /dev/null 2>&1"), 0);
}

static void write_file(const char *json) {
    cr_assert_eq(run("mkdir -p etc"), 0);
    scratch_write(&scratch, "etc/qmon.json", json);
}

Test(configuration, of_a_file_holds_inside_the_program_too) {
    char *events;

    write_file(
        "{\"lifecycle\": \"off\", \"state_dir\": \"./state\", \"file\": {\"path\": \"events\"}, \"stage\": \"there\"}");
    run_under_agent("", "sh -c 'exit 3'", 3);
    free(events_with("\"code\":\"exit:3\""));
    flush();
    events = events_with("\"code\":\"exit:3\"");
    cr_expect_null(strstr(events, "lifecycle"), "%s", events);
    cr_expect_not_null(strstr(events, "\"stage\":\"there\""), "%s", events);
    cr_expect_eq(run("test -f etc/state/store.db"), 0, "the state is not where the file wants it");
    free(events);
}

Test(configuration, of_the_environment_wins) {
    write_file("{\"lifecycle\": \"off\", \"state_dir\": \"state\", \"file\": {\"path\": \"events\"}}");
    run_under_agent("QMON_LIFECYCLE=all", "sh -c 'exit 3'", 3);
    free(events_with("\"phase\":\"shutdown\""));
}

Test(configuration, of_a_file_leaves_executables_alone) {
    char *events;

    write_file(
        "{\"exclude\": [\"nothing\", \"dash\", \"sh\"], \"state_dir\": \"state\", \"file\": {\"path\": \"events\"}}");
    run_under_agent("", "sh -c 'exit 3'", 3);
    run_under_agent("", "perl -e 'exit 4'", 4);
    flush();
    events = events_with("\"code\":\"exit:4\"");
    cr_expect_null(strstr(events, "exit:3"), "%s", events);
    free(events);
}

Test(configuration, of_a_file_that_is_nonsense_harms_nobody) {
    static const char *const files[] = {"",        "{", "[", "{\"exclude\": [\"", "{\"signals\": \"SIGNONSENSE\"}",
                                        "\xff\xfe"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_file(files[i]);
        run_under_agent("QMON_STATE_DIR=s QMON_EVENTS_FILE=etc/events QMON_DEDUP_WINDOW=0", "sh -c 'exit 3'", 3);
        free(events_with("\"code\":\"exit:3\""));
        cr_assert_eq(run("rm etc/events"), 0);
    }
}

/* Both kinds of end, and with them nothing that somebody else wrote. */
Test(configuration, of_last_lines_tells_them_with_an_exit_and_a_crash) {
    char *events;

    write_file("{\"stderr_lines\": 2, \"state_dir\": \"state\", \"file\": {\"path\": \"events\"}}");
    run_under_agent("", "sh -c 'echo one >&2; echo two >&2; echo going wrong >&2; exit 3' 2> errors", 3);
    events = events_with("\"code\":\"exit:3\"");
    cr_expect_not_null(strstr(events, "\"stderr\":[\"two\",\"going wrong\"]"), "%s", events);
    free(events);
    run_under_agent("", QMON_BUILD_DIR "/victims/asserts 2> errors", 134);
    events = events_with("\"code\":\"SIGABRT\"");
    cr_expect_not_null(strstr(events, "\"stderr\":[\"asserts: "), "%s", events);
    free(events);
}

Test(configuration, of_last_lines_leaves_a_pipe_to_its_reader) {
    char *events, *read;

    write_file("{\"stderr_lines\": 2, \"state_dir\": \"state\", \"file\": {\"path\": \"events\"}}");
    run_under_agent("", "sh -c 'echo for the reader >&2; exit 3' 2>&1 | cat > read; exit 3", 3);
    events = events_with("\"code\":\"exit:3\"");
    cr_expect_null(strstr(events, "for the reader\"]"), "%s", events);
    read = scratch_read(scratch_path(&scratch, "read"));
    cr_expect_str_eq(read, "for the reader\n");
    free(events);
    free(read);
}

/* From the program's death through a route to one of two files, and to none. */
Test(configuration, of_routes_decides_who_is_told) {
    char *events, *rows;

    write_file(
        "{\"lifecycle\": \"off\", \"state_dir\": \"state\", \"file\": {\"path\": \"events\"}, \"csv\": {\"path\": \"rows\"},"
        "\"routes\": [{\"match\": {\"code\": \"exit:3\"}, \"channels\": [\"file\"]},"
        "{\"name\": \"noise\", \"match\": {\"code\": \"4\"}, \"channels\": []}]}");
    run_under_agent("", "sh -c 'exit 3'", 3);
    run_under_agent("", "sh -c 'exit 4'", 4);
    run_under_agent("", "sh -c 'exit 5'", 5);
    free(events_with("\"code\":\"exit:5\""));
    flush();
    events = events_with("\"code\":\"exit:3\"");
    cr_expect_null(strstr(events, "exit:4"), "%s", events);
    rows = scratch_read(scratch_path(&scratch, "etc/rows"));
    cr_expect_not_null(strstr(rows, "exit:5"), "%s", rows);
    cr_expect_null(strstr(rows, "exit:3"), "%s", rows);
    cr_expect_eq(run("QMON_CONFIG=etc/qmon.json " QMON_BUILD_DIR "/qmon stats | grep -q 'route.muted.*noise'"), 0);
    cr_expect_eq(run("QMON_CONFIG=etc/qmon.json " QMON_BUILD_DIR "/qmon route | grep -q 'No route matches'"), 0);
    free(events);
    free(rows);
}

/* As many as there is room for, and then three more. */
Test(configuration, of_a_state_directory_keeps_the_count_of_timers_that_are_not_watched) {
    static const char counted[] = "QMON_CONFIG=etc/qmon.json " QMON_BUILD_DIR "/qmon stats | grep -q ";
    char command[200];

    write_file("{\"lifecycle\": \"off\", \"state_dir\": \"state\"}");
    run_under_agent("", QMON_BUILD_DIR "/victims/many_timers 512", 0);
    flush();
    snprintf(command, sizeof command, "%s'timers.unwatched'", counted);
    cr_expect_neq(run(command), 0);
    run_under_agent("", QMON_BUILD_DIR "/victims/many_timers 515", 0);
    flush();
    snprintf(command, sizeof command, "%s'timers.unwatched  *3 '", counted);
    cr_expect_eq(run(command), 0);
}
