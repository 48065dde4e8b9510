#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "sink_case.h"

TestSuite(stderr, .timeout = 30);

static struct sink_case it;
static int ends[2], before;

static void begin(const char *setting) {
    const char *const lines[] = {setting, NULL};

    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    before = dup(STDERR_FILENO);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
}

/* What came out; standard error is the test's again. */
static char *end(void) {
    static char text[1 << 17];

    dup2(before, STDERR_FILENO);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    sink_case_end(&it);
    return text;
}

Test(stderr, gets_a_line_of_words_or_of_json) {
    begin("QMON_STDERR=text");
    enum qmon_delivery_verdict verdict = sink_case_deliver(&it, "stderr", 500);
    char *text = end();
    cr_assert_eq(verdict, QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(
        text, "qmon: critical: SIGSEGV in parse_header (http.c:212) \xe2\x80\x94 checkout (production) on web-7, "
              "first alert [01934a1c-7e10-7a2b-8c3d-4e5f60718293]\n");
    begin("QMON_STDERR=json");
    verdict = sink_case_deliver(&it, "stderr", 500);
    text = end();
    cr_assert_eq(verdict, QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_str_eq(text, "{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\"}\n");
}

Test(stderr, hostile_text_stays_one_line) {
    begin("QMON_STDERR=text");
    sample_hostile(&it.sample);
    enum qmon_delivery_verdict verdict = sink_case_deliver(&it, "stderr", 500);
    char *text = end();
    cr_assert_eq(verdict, QMON_DELIVERY_SENT);
    cr_assert_str_eq(strchr(text, '\n'), "\n");
    cr_assert_null(strchr(text, '\x1b'), "an escape sequence for somebody's terminal");
}

Test(stderr, does_not_wait_for_who_does_not_read) {
    char filler[4096];

    begin("QMON_STDERR=text");
    memset(filler, 'x', sizeof filler);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], filler, sizeof filler) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    enum qmon_delivery_verdict verdict = sink_case_deliver(&it, "stderr", 300);
    end();
    cr_assert_eq(verdict, QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "timeout: ", 9), 0, "%s", it.delivery.reason);
    cr_assert_lt(it.took_ms, 1200);
}

Test(stderr, a_reader_that_is_gone_kills_nobody) {
    begin("QMON_STDERR=text");
    close(ends[0]);
    enum qmon_delivery_verdict verdict = sink_case_deliver(&it, "stderr", 300);
    end();
    cr_assert_eq(verdict, QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "stderr: ", 8), 0, "%s", it.delivery.reason);
}
