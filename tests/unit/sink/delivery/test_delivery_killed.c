/*
 * Deliverers that are killed (SIGKILL) at 200 random moments, before, in and after an attempt and its record, with a server that
 * counts: 1. No event is lost. 2. What comes twice comes under the same key, so that the channel can tell. 3. The file, in which
 * the channel itself looks first, has each event once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "outbox_case.h"

enum { KILLS = 200, EVENTS = 400 };

TestSuite(delivery_killed, .init = outbox_setup, .fini = outbox_teardown, .timeout = 120);

static char ids[EVENTS][QMON_EVENT_ID_BYTES];

static void deliver_for_ever(void) {
    const char *problem = NULL;
    struct qmon_store *own = qmon_store_open(box.scratch.path, &problem);

    for (;;)
        qmon_deliver_due(own, box.sinks.config, NULL, outbox_monotonic_ms() + 20000, &box.summary);
}

static void run_and_kill(unsigned random_us) {
    int status;
    pid_t child = fork();

    if (child == 0)
        deliver_for_ever();
    nanosleep(&(struct timespec){.tv_nsec = (long) random_us * 1000}, NULL);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it ended by itself: %x", status);
}

/* Leases of the dead run out after seconds; this is that much later. */
static void let_leases_run_out(void) {
    outbox_alter("UPDATE outbox SET due_ms = 0 WHERE status = 0");
}

static int number_of(const char *id) {
    for (int i = 0; i < EVENTS; i++)
        if (strcmp(ids[i], id) == 0)
            return i;
    return -1;
}

static void check_server(unsigned *ret_twice) {
    static unsigned seen[EVENTS];
    char key[64];

    *ret_twice = 0;
    for (size_t i = 0; i < http_server_count(box.sinks.server); i++) {
        const struct http_seen *request = http_server_seen(box.sinks.server, i);
        cr_assert(http_seen_header(request, "Idempotency-Key", key, sizeof key));
        int number = number_of(key);
        cr_assert_geq(number, 0, "nobody saved %s", key);
        cr_assert_not_null(strstr(request->body, key), "the key is that of another event");
        *ret_twice += seen[number]++ > 0;
    }
    for (int i = 0; i < EVENTS; i++)
        cr_expect_gt(seen[i], 0, "event %d is lost", i);
}

static void check_file(const char *path) {
    char *text = scratch_read(path), member[64];
    unsigned lines = 0;

    cr_assert_not_null(text);
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    for (int i = 0; i < EVENTS; i++) {
        snprintf(member, sizeof member, "\"id\":\"%s\"", ids[i]);
        const char *first = strstr(text, member);
        cr_expect(first && !strstr(first + 1, member), "event %d is %s in the file", i, first ? "twice" : "not");
    }
    cr_expect_eq(lines, EVENTS);
    free(text);
}

Test(delivery_killed, nothing_is_lost_and_nothing_is_twice_that_a_key_could_not_tell) {
    static char file[200];
    const char *const lines[] = {"QMON_WEBHOOK_URL=@events", file, NULL};
    unsigned seed = (unsigned) time(NULL), twice;

    snprintf(file, sizeof file, "QMON_EVENTS_FILE=%s", scratch_path(&box.scratch, "events.jsonl"));
    outbox_begin("ok", lines);
    for (unsigned i = 0; i < KILLS; i++) {
        for (unsigned j = i * EVENTS / KILLS; j < (i + 1) * EVENTS / KILLS; j++)
            strcpy(ids[j], outbox_save(j, "webhook", "file"));
        run_and_kill((unsigned) rand_r(&seed) % 12000);
        let_leases_run_out();
    }
    qmon_store_close(box.store);
    const char *problem = NULL;
    box.store = qmon_store_open(box.scratch.path, &problem);
    while (outbox_deliver(20000) > 0)
        ;
    outbox_expect(0, 0);
    check_server(&twice);
    check_file(scratch_path(&box.scratch, "events.jsonl"));
    cr_log_info("%u of %zu requests were repeats", twice, http_server_count(box.sinks.server));
}
