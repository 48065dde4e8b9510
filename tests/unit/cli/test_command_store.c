/* `qmon list`, `show`, `stats` and `flush` on a store that the test filled. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <qmon/store.h>

#include "command.h"
#include "http_server.h"
#include "sample_event.h"

static struct scratch scratch;
static struct command command;
static struct sample sample;

static void setup(void) {
    scratch = command_setup();
    cr_assert_eq(mkdir(scratch_path(&scratch, "state"), 0700), 0);
    command = (struct command){.scratch = &scratch};
}

static void teardown(void) {
    command_free(&command);
    command_teardown(&scratch);
}

TestSuite(command_store, .init = setup, .fini = teardown, .timeout = 60);

static uint64_t ago_ns(unsigned seconds) {
    return ((uint64_t) time(NULL) - seconds) * UINT64_C(1000000000);
}

/* Saves the sample under this id. */
static void save(const char *id, const char *title, unsigned seconds_ago, const char *state, const char *sink) {
    const char *problem = NULL;
    struct qmon_store *store = qmon_store_open(scratch_path(&scratch, "state"), &problem);
    const char *const sinks[] = {sink};

    cr_assert_not_null(store);
    cr_assert(qmon_store_is_durable(store), "%s", problem);
    snprintf(sample.event.id, sizeof sample.event.id, "%s", id);
    sample.event.title = title;
    sample.event.time_ns = ago_ns(seconds_ago);
    cr_assert_eq(qmon_store_save(store, &sample.event, state, sinks, sink != NULL), 0);
    qmon_store_close(store);
}

#define ID_A "01934a1c-7e10-7a2b-8c3d-4e5f60718293"
#define ID_B "01934a1c-7e10-7a2b-9c3d-4e5f60718293"
#define ID_C "01934a1c-9000-7a2b-8c3d-4e5f60718293"
#define ID_START "01934a1c-9111-7a2b-8c3d-4e5f60718293"

static void save_three(void) {
    sample_crash(&sample);
    sample_trace(&sample);
    save(ID_A, "oldest crash", 7200, "alerted", NULL);
    save(ID_B, "middle crash", 600, "suppressed", NULL);
    sample_error(&sample);
    save(ID_C, "newest error", 60, "alerted", NULL);
    sample_startup(&sample);
    save(ID_START, "a start", 5, "alerted", NULL);
}

Test(command_store, list_says_where_it_looked_when_there_is_nothing) {
    COMMAND(&command, 0, "list");
    cr_expect_str_empty(command.out);
    command_expect_err(&command, "there are no events in");
    command_expect_err(&command, scratch.path);
}

Test(command_store, list_shows_the_newest_first_and_hides_starts_and_stops) {
    const char *newest, *middle, *oldest;

    save_three();
    COMMAND(&command, 0, "list");
    newest = strstr(command.out, "newest error");
    middle = strstr(command.out, "middle crash");
    oldest = strstr(command.out, "oldest crash");
    cr_assert(newest && middle && oldest, "%s", command.out);
    cr_expect(newest < middle && middle < oldest);
    cr_expect_null(strstr(command.out, "a start"));
    command_expect_out(&command, "10 min ago");
    cr_expect_null(strchr(command.out, '\033'));
    command_free(&command);
    COMMAND(&command, 0, "list", "--all");
    command_expect_out(&command, "a start");
}

Test(command_store, list_takes_kinds_times_services_and_counts) {
    save_three();
    COMMAND(&command, 0, "list", "--kind=crash", "--since", "1h");
    command_expect_out(&command, "middle crash");
    cr_expect_null(strstr(command.out, "oldest"));
    cr_expect_null(strstr(command.out, "newest"));
    command_free(&command);
    COMMAND(&command, 0, "list", "-n1");
    cr_expect_eq(occurrences_of(command.out, "\n"), 2, "a head and a row:\n%s", command.out);
    command_expect_out(&command, "newest error");
    command_free(&command);
    COMMAND(&command, 0, "list", "--service", "nobody");
    cr_expect_str_empty(command.out);
    command_free(&command);
    COMMAND(&command, 0, "list", "--kind", "lifecycle");
    command_expect_out(&command, "a start");
    command_free(&command);
    COMMAND(&command, 2, "list", "--kind", "crashes");
    command_expect_err(&command, "'crashes' is not a kind of event");
}

Test(command_store, list_shows_ids_that_name_one_event_each) {
    char id[64];

    save_three();
    COMMAND(&command, 0, "list");
    for (const char *line = strchr(command.out, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        struct command show = {.scratch = &scratch};
        snprintf(id, sizeof id, "%.*s", (int) strcspn(line, " "), line);
        COMMAND(&show, 0, "show", id);
        command_free(&show);
    }
}

Test(command_store, list_gives_scripts_one_object_a_line) {
    unsigned lines = 0;

    save_three();
    COMMAND(&command, 0, "list", "--json", "--all");
    for (char *rest = command.out, *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        struct json_object *row = json_tokener_parse(line), *value;
        cr_assert_not_null(row, "'%s'", line);
        cr_expect(json_object_object_get_ex(row, "id", &value) && strlen(json_object_get_string(value)) == 36);
        cr_expect(json_object_object_get_ex(row, "occurrences", &value));
        cr_expect(json_object_object_get_ex(row, "time", &value) && strchr(json_object_get_string(value), 'Z'));
        cr_expect(json_object_object_get_ex(row, "state", &value));
        json_object_put(row);
    }
    cr_expect_eq(lines, 4);
}

Test(command_store, show_takes_the_newest_problem_when_nothing_is_said) {
    save_three();
    COMMAND(&command, 0, "show");
    cr_expect_eq(strncmp(command.out, "newest error\n", 13), 0, "%s", command.out);
    command_expect_out(&command, ID_C);
    command_expect_out(&command, "an alert was due");
}

Test(command_store, show_prefers_a_problem_to_starts_of_the_same_beginning) {
    save_three();
    COMMAND(&command, 0, "show", "01934a1c-9");
    command_expect_out(&command, ID_C);
    command_free(&command);
    COMMAND(&command, 0, "show", ID_START);
    command_expect_out(&command, "a start");
}

Test(command_store, show_lists_the_candidates_of_an_ambiguous_id) {
    save_three();
    COMMAND(&command, 1, "show", "01934a1c-7");
    command_expect_err(&command, ID_A);
    command_expect_err(&command, ID_B);
    command_expect_err(&command, "middle crash");
    cr_expect_null(strstr(command.err, ID_C));
    cr_expect_str_empty(command.out);
}

Test(command_store, show_says_that_there_is_no_such_event) {
    save_three();
    COMMAND(&command, 1, "show", "ffff");
    command_expect_err(&command, "begins with 'ffff'");
    command_free(&command);
    COMMAND(&command, 2, "show", "yesterday");
    command_expect_err(&command, "'yesterday' is not an event's id");
}

Test(command_store, show_gives_scripts_the_event_as_it_is_stored) {
    const char *error = NULL;
    struct qmon_event *event;

    save_three();
    COMMAND(&command, 0, "show", "--json", ID_A);
    cr_expect_eq(occurrences_of(command.out, "\n"), 1);
    event = qmon_event_from_json(command.out, strlen(command.out), &error);
    cr_assert_not_null(event, "%s", error);
    cr_expect_str_eq(event->id, ID_A);
    cr_expect_str_eq(event->title, "oldest crash");
    cr_expect_gt(event->thread_count, 0);
    qmon_event_free(event);
}

Test(command_store, flush_delivers_what_is_due_and_says_so) {
    static char file[200];
    const char *const environment[] = {file, NULL};
    char *delivered;

    snprintf(file, sizeof file, "QMON_EVENTS_FILE=%s/events.jsonl", scratch.path);
    command.environment = environment;
    sample_crash(&sample);
    save(ID_A, "to be delivered", 10, "alerted", "file");
    COMMAND(&command, 0, "flush");
    command_expect_out(&command, "1 sent, 0 to be tried again, 0 set aside");
    delivered = scratch_read(scratch_path(&scratch, "events.jsonl"));
    cr_assert_not_null(delivered);
    cr_expect_eq(occurrences_of(delivered, ID_A), 1);
    free(delivered);
    command_free(&command);
    COMMAND(&command, 0, "flush", "--json");
    command_expect_out(&command, "\"sent\":0");
}

Test(command_store, flush_fails_when_something_could_not_be_delivered) {
    struct http_server *server = http_server_start(NULL);
    static char url[200];
    const char *const environment[] = {url, NULL};

    cr_assert_not_null(server);
    cr_assert(http_server_script_words(server, "500*10"));
    snprintf(url, sizeof url, "QMON_WEBHOOK_URL=%s", http_server_url(server, "/hook"));
    command.environment = environment;
    sample_crash(&sample);
    save(ID_A, "not to be delivered", 10, "alerted", "webhook");
    COMMAND(&command, 1, "flush");
    command_expect_out(&command, "0 sent, 1 to be tried again");
    command_expect_out(&command, "1 waits in the outbox");
    command_expect_err(&command, "qmon flush: webhook");
    http_server_stop(server);
}

Test(command_store, stats_show_every_counter_with_its_reason) {
    const char *problem = NULL;
    struct qmon_store *store = qmon_store_open(scratch_path(&scratch, "state"), &problem);
    struct json_object *stats, *value;

    cr_assert_not_null(store);
    cr_assert_eq(qmon_store_count(store, "delivery.retry", "slack: time-out", 1234), 0);
    qmon_store_close(store);
    sample_crash(&sample);
    save(ID_A, "waits", 10, "alerted", "slack");
    COMMAND(&command, 0, "stats");
    command_expect_out(&command, "delivery.retry");
    command_expect_out(&command, "1,234");
    command_expect_out(&command, "slack: time-out");
    command_expect_out(&command, "1 waiting, 0 set aside");
    command_free(&command);
    COMMAND(&command, 0, "stats", "--json");
    stats = json_tokener_parse(command.out);
    cr_assert_not_null(stats);
    cr_expect(json_object_object_get_ex(stats, "outbox_waiting", &value) && json_object_get_int(value) == 1);
    cr_expect(json_object_object_get_ex(stats, "store_bytes", &value) && json_object_get_int(value) > 0);
    cr_expect(json_object_object_get_ex(stats, "counters", &value) && json_object_array_length(value) > 0);
    json_object_put(stats);
}

Test(command_store, a_directory_that_cannot_be_used_is_named) {
    const char *const environment[] = {"QMON_STATE_DIR=/proc/qmon", NULL};

    command.environment = environment;
    COMMAND(&command, 0, "list");
    command_expect_err(&command, "the wanted state directory cannot be used");
}

Test(command_store, export_writes_the_formats_of_other_tools) {
    save_three();
    COMMAND(&command, 0, "export", "--format", "gdb", ID_B);
    command_expect_out(&command, "Program terminated with signal SIGSEGV, Segmentation fault.\n");
    command_expect_out(&command, "#3  parse_header () at /srv/build/src/http.c:212\n");
    COMMAND(&command, 0, "export", "--format=sentry", ID_B);
    cr_expect_eq(occurrences_of(command.out, "\n"), 3);
    command_expect_out(&command, "{\"type\":\"event\",");
    COMMAND(&command, 0, "export", "-f", "otlp", "latest");
    cr_expect_eq(occurrences_of(command.out, "\n"), 1);
    command_expect_out(&command, "{\"resourceLogs\":[");
}

Test(command_store, export_says_what_formats_there_are) {
    COMMAND(&command, 2, "export");
    command_expect_err(&command, "which format? --format sentry, otlp or gdb");
    COMMAND(&command, 2, "export", "--format", "elastic");
    command_expect_err(&command, "there is no format 'elastic'; there are sentry, otlp and gdb");
    COMMAND(&command, 1, "export", "--format", "gdb", "0123");
    command_expect_err(&command, "no event in");
}

Test(command_store, show_looks_for_symbols_again_and_says_what_came_of_it) {
    save_three();
    COMMAND(&command, 0, "show", "--symbolize-with", scratch.path, ID_B);
    command_expect_out(&command, "Symbolized again with ");
    COMMAND(&command, 0, "show", "--json", "--symbolize-with", scratch.path, ID_B);
    command_expect_out(&command, "{\"schema\":\"qmon.event/1\",");
    command_expect_out(&command, "0 places known better than before.\"");
    COMMAND(&command, 1, "show", "-s", "/nowhere/at/all", ID_B);
    command_expect_err(&command, "/nowhere/at/all cannot be looked through: No such file or directory");
}

Test(command_store, show_raw_prints_what_was_captured) {
    save_three();
    COMMAND(&command, 0, "show", "--raw", ID_B);
    command_expect_out(&command, "  #0   0x0000555500001000  libc.so.6+0x1000\n");
}
