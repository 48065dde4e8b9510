/*
 * A first process takes its whole pid namespace along when it ends, the receiver too. So its alert is out before: whoever waits for the
 * namespace finds that the webhook has been told, slow as its server may be.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http_server.h"
#include "reports.h"
#include "scratch.h"

TestSuite(first_alert, .timeout = 60);

#define ANSWER_AFTER_MS 300u

static struct scratch scratch;
static char state[400];
static struct http_server *server;

static void setup(void) {
    struct http_reply slow[16];
    scratch = scratch_make();
    snprintf(state, sizeof state, "%s/state", scratch.path);
    server = http_server_start(NULL);
    cr_assert_not_null(server);
    memset(slow, 0, sizeof slow);
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++)
        slow[i].delay_ms = ANSWER_AFTER_MS;
    http_server_script(server, slow, sizeof slow / sizeof slow[0]);
}

static void teardown(void) {
    http_server_stop(server);
    records_sweep(state);
    scratch_remove(&scratch);
}

/* How often the server has been told of this by now. */
static unsigned told(const char *words) {
    unsigned count = 0;
    const struct http_seen *seen;
    for (size_t i = 0; (seen = http_server_seen(server, i)) != NULL; i++)
        count += seen->body != NULL && strstr(seen->body, words) != NULL;
    return count;
}

/* Runs the program as the first process of a namespace and returns how that ended. */
static int run_first(const char *program, const char *how, const char *status) {
    pid_t child = fork();
    if (child == 0) {
        setenv("QMON_STATE_DIR", state, 1);
        setenv("QMON_WEBHOOK_URL", http_server_url(server, "hook"), 1);
        setenv("QMON_EXCLUDE", "unshare", 1);
        setenv("LD_PRELOAD", QMON_BUILD_DIR "/libqmon.so", 1);
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(126);
        execl("/usr/bin/unshare", "unshare", "--pid", "--fork", "--mount-proc", program, how, status, (char *) NULL);
        _exit(126);
    }
    int wait_status = 0;
    cr_assert_eq(waitpid(child, &wait_status, 0), child);
    return wait_status;
}

#define PROGRAM QMON_BUILD_DIR "/victims/first_process"

Test(first_alert, of_a_crash_is_out_before_the_end, .init = setup, .fini = teardown) {
    int status = run_first(PROGRAM, "fault", NULL);
    cr_expect_eq(told("\"kind\":\"crash\""), 1);
    cr_expect_eq(told("\"phase\":\"shutdown\""), 1);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%x", status);
}

Test(first_alert, of_a_failure_is_out_before_the_end, .init = setup, .fini = teardown) {
    int status = run_first(PROGRAM, "-", "6");
    cr_expect_eq(told("\"code\":\"exit:6\""), 1);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 6, "%x", status);
}

Test(first_alert, of_a_stop_is_out_before_the_end, .init = setup, .fini = teardown) {
    int status = run_first("/bin/sh", "-c", "trap 'exit 0' TERM; (sleep 0.1; kill -TERM 1) & wait; exit 9");
    cr_expect_eq(told("\"phase\":\"shutdown\""), 1);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", status);
}
