/* Read back by Python's csv module, which is not ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scratch.h"
#include "sink_case.h"
#include "tool.h"

static struct sink_case it;
static struct scratch scratch;

static void begin(void) {
    static char line[200];
    const char *const lines[] = {line, NULL};

    scratch = scratch_make();
    snprintf(line, sizeof line, "QMON_CSV_FILE=%s", scratch_path(&scratch, "events.csv"));
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
}

static void end(void) {
    sink_case_end(&it);
    scratch_remove(&scratch);
}

static enum qmon_delivery_verdict deliver(void) {
    return sink_case_deliver(&it, "csv", 300);
}

Test(csv, writes_the_names_once_and_a_row_for_each_event, .timeout = 20) {
    begin();
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    char *text = scratch_read(scratch_path(&scratch, "events.csv"));
    static const char row[] =
        "\"2024-11-20T12:04:01.000Z\",\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\",\"crash\",\"critical\",\"checkout\","
        "\"production\",\"1.4.2\",\"web-7\",\"4711\",\"SIGSEGV\",\"SIGSEGV in parse_header (http.c:212)\",";
    const char *first = strchr(text, '\n') + 1, *second = strchr(first, '\n') + 1;
    cr_assert_eq(strncmp(text, "time,id,kind,", 13), 0);
    cr_assert_eq(strncmp(first, row, sizeof row - 1), 0, "%s", first);
    cr_assert_eq(strncmp(second, row, sizeof row - 1), 0, "%s", second);
    cr_assert_str_eq(strchr(second, '\n'), "\n");
    free(text);
    end();
}

Test(csv, an_attempt_that_got_through_is_not_repeated, .timeout = 20) {
    begin();
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    it.attempts = 1;
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    char *text = scratch_read(scratch_path(&scratch, "events.csv"));
    cr_assert_str_eq(strchr(strchr(text, '\n') + 1, '\n'), "\n");
    free(text);
    it.attempts = 0;
    end();
}

Test(csv, quotes_what_needs_it_and_makes_no_formula_of_it, .timeout = 30) {
    static const char script[] =
        "import csv, sys\n"
        "rows = list(csv.DictReader(open(sys.argv[1], newline=''), strict=True))\n"
        "assert len(rows) == 2, len(rows)\n"
        "assert rows[0]['title'] == \"'=cmd|' /C calc'!A0, \\\"quoted\\\"\", rows[0]['title']\n"
        "assert rows[0]['message'] == 'two lines', rows[0]['message']\n"
        "assert rows[0]['service'] == \"'@SUM(1)\", rows[0]['service']\n"
        "assert all(None not in row and None not in row.values() for row in rows)\n";

    begin();
    it.sample.event.title = "=cmd|' /C calc'!A0, \"quoted\"";
    it.sample.event.message = "two\nlines";
    it.sample.event.service.name = "@SUM(1)";
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    sample_hostile(&it.sample);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    const char *program = scratch_write(&scratch, "check.py", script);
    cr_assert_eq(TOOL(NULL, "python3", program, scratch_path(&scratch, "events.csv")), 0);
    end();
}

Test(csv, a_check_says_whether_it_can_be_written_to, .timeout = 20) {
    char reason[256];

    begin();
    cr_assert(sink_case_check(&it, "csv", reason, sizeof reason), "%s", reason);
    end();
}
