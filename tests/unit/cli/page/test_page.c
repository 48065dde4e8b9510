/* One event as a page that a person reads. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

#include "page.h"
#include "printed.h"
#include "sample_event.h"
#include "scratch.h"
#include "terminal.h"

static struct scratch scratch;
static struct sample sample;

static void setup(void) {
    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    scratch = scratch_make();
    sample_crash(&sample);
}

static void teardown(void) {
    scratch_remove(&scratch);
}

TestSuite(cli_page, .init = setup, .fini = teardown, .timeout = 20);

static char *page_with(const struct qmon__cli_page *page, const struct qmon__cli_style *style) {
    struct printed printed;

    printed_begin(&printed);
    qmon__cli_page_print(printed.out, style, &sample.event, page);
    return printed_end(&printed);
}

static char *page_of(struct qmon__cli_page page) {
    struct qmon__cli_style style = {.unicode = true};

    page.now_ms = sample.event.time_ns / 1000000 + 5000;
    return page_with(&page, &style);
}

static void expect_in_order(const char *text, const char *const *parts) {
    const char *at = text;

    for (; *parts; parts++) {
        const char *found = strstr(at, *parts);
        cr_expect_not_null(found, "'%s' is missing, or not where it should be, in:\n%s", *parts, text);
        if (found)
            at = found + strlen(*parts);
    }
}

/* A source file of the sample's program, with `line` lines. */
static const char *source_file(unsigned lines) {
    char text[8192];
    size_t used = 0;

    for (unsigned i = 1; i <= lines; i++)
        used += (size_t) snprintf(text + used, sizeof text - used, "line number %u;\n", i);
    return scratch_write(&scratch, "http.c", text);
}

Test(cli_page, tells_what_and_why_then_the_source_then_the_trace_then_the_rest) {
    const char *path = source_file(300);
    char *text;

    sample_frame(&sample, QMON_ROLE_LIBC, "strlen", NULL, 0);
    sample_frame(&sample, QMON_ROLE_APP, "parse_header", path, 212);
    sample_frame(&sample, QMON_ROLE_APP, "main", "/nonexistent/main.c", 10);
    text = page_of((struct qmon__cli_page){.state = "alerted", .occurrences = 3});
    expect_in_order(text, (const char *const[]){"SIGSEGV in parse_header (http.c:212)\ncrash, critical", "5 s ago",
                                                "Cause      null-dereference: rdi is 0", "Signal     SIGSEGV (11)",
                                                "address 0x8", "209 | line number 209;", "> 212 | line number 212;",
                                                "215 | line number 215;", "Trace of thread", "parse_header", "Process",
                                                "Host", "Seen       3 kept", "Alert      an alert was due", "Event",
                                                sample.event.id, "Problem", NULL});
    cr_expect_null(strstr(text, "line number 208;"));
    cr_expect_null(strchr(text, '\033'), "no colours where the stream is no terminal");
    free(text);
}

Test(cli_page, is_short_when_it_is_to_be_brief) {
    char *text;

    sample_trace(&sample);
    text = page_of((struct qmon__cli_page){.brief = true});
    expect_in_order(text, (const char *const[]){"SIGSEGV", "Cause", "Trace of thread", "parse_header", NULL});
    cr_expect_null(strstr(text, "Problem"));
    cr_expect_null(strstr(text, "Host"));
    free(text);
}

Test(cli_page, says_that_a_source_is_newer_than_its_program) {
    const char *program = scratch_write(&scratch, "program", "elf");
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    const char *path = source_file(20);
    char *text;

    sample_frame(&sample, QMON_ROLE_APP, "f", path, 7)->module = program;
    cr_assert_eq(utimensat(AT_FDCWD, program, old, 0), 0);
    text = page_of((struct qmon__cli_page){0});
    expect_in_order(text, (const char *const[]){"http.c:7, f\n", "newer than the program", "7 | line number 7;", NULL});
    free(text);
    cr_assert_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    text = page_of((struct qmon__cli_page){0});
    cr_expect_null(strstr(text, "newer than the program"));
    cr_expect_not_null(strstr(text, "7 | line number 7;"));
    free(text);
}

Test(cli_page, shows_each_source_line_once_and_at_most_three) {
    const char *path = source_file(100);
    char *text;
    unsigned marks = 0;

    for (uint32_t i = 0; i < 12; i++)
        sample_frame(&sample, QMON_ROLE_APP, "recurse", path, 20 + (i / 4) * 20);
    sample_frame(&sample, QMON_ROLE_APP, "main", path, 90);
    text = page_of((struct qmon__cli_page){0});
    for (const char *at = text; (at = strstr(at, "\n> ")); at++)
        marks++;
    cr_expect_eq(marks, 3, "%s", text);
    free(text);
}

Test(cli_page, shows_no_source_of_frames_that_are_not_the_programs_own) {
    const char *path = source_file(100);
    char *text;

    sample_frame(&sample, QMON_ROLE_LIBC, "memcpy", path, 20);
    sample_frame(&sample, QMON_ROLE_APP, "ignored", path, 40)->filtered = true;
    text = page_of((struct qmon__cli_page){0});
    cr_expect_null(strstr(text, "line number"));
    free(text);
}

Test(cli_page, shows_registers_only_when_asked) {
    struct qmon_register registers[] = {{"rax", 0, NULL}, {"rip", 0x555500001000, "code of parse_header"}};
    char *text;

    sample.event.registers = registers;
    sample.event.register_count = 2;
    text = page_of((struct qmon__cli_page){0});
    cr_expect_null(strstr(text, "rip"));
    free(text);
    text = page_of((struct qmon__cli_page){.registers = true});
    expect_in_order(text, (const char *const[]){"rax", "0x0000000000000000", "rip", "0x0000555500001000",
                                                "code of parse_header", NULL});
    free(text);
    sample.event.register_count = 0;
    text = page_of((struct qmon__cli_page){.registers = true});
    cr_expect_not_null(strstr(text, "none were kept"));
    free(text);
}

Test(cli_page, shows_what_a_program_reported) {
    char *text;

    sample_error(&sample);
    text = page_of((struct qmon__cli_page){0});
    expect_in_order(text, (const char *const[]){"Endpoint   /api/users", "User       u-17", "Extra", " = ", NULL});
    free(text);
}

Test(cli_page, shows_starts_and_stops_without_a_trace) {
    char *text;

    sample_startup(&sample);
    text = page_of((struct qmon__cli_page){0});
    cr_expect_not_null(strstr(text, "Phase      startup"));
    cr_expect_null(strstr(text, "Trace"));
    free(text);
}

Test(cli_page, survives_an_event_with_nothing_in_it) {
    struct qmon_event *event = qmon_event_new(0);
    char *text;

    cr_assert_not_null(event);
    sample.event = *event;
    text = page_of((struct qmon__cli_page){.all_threads = true, .registers = true});
    cr_expect_not_null(strstr(text, "(no title)"));
    free(text);
    qmon_event_free(event);
}

Test(cli_page, lets_no_hostile_event_steer_the_terminal) {
    struct qmon__cli_style style = {.unicode = true, .columns = 80};
    struct qmon__cli_page page = {.all_threads = true, .registers = true, .unfolded = true};
    char *text;

    sample_hostile(&sample);
    text = page_with(&page, &style);
    for (const unsigned char *at = (const unsigned char *) text; *at; at++)
        cr_assert(*at >= ' ' || *at == '\n', "control character %02x", *at);
    cr_expect_null(strstr(text, "\xe2\x80\xae"), "a character that reorders text");
    free(text);
}

Test(cli_page, says_of_the_message_only_what_the_cause_did_not) {
    sample.event.cause.detail = "A null pointer was used.";
    sample.event.message = "A null pointer was used. The program's own handler gave up.";
    char *text = page_of((struct qmon__cli_page){.brief = true});
    cr_expect_not_null(strstr(text, "\nMessage    The program's own handler gave up.\n"), "%s", text);
    free(text);
    sample.event.message = sample.event.cause.detail;
    text = page_of((struct qmon__cli_page){.brief = true});
    cr_expect_null(strstr(text, "Message"), "%s", text);
    free(text);
    sample.event.message = "A null pointer was used.Not a sentence of its own.";
    text = page_of((struct qmon__cli_page){.brief = true});
    cr_expect_not_null(strstr(text, "\nMessage    A null pointer was used.Not"), "%s", text);
    free(text);
}
