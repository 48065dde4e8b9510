#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "origin_source.h"
#include "sample_event.h"
#include "scratch.h"

static struct scratch scratch;
static struct qmon_event *event;
static char path[512];

static void set_up(void) {
    scratch = scratch_make();
    snprintf(path, sizeof path, "%s", scratch_path(&scratch, "shop.c"));
    event = qmon_event_new(1);
    event->threads = qmon_event_alloc(event, sizeof *event->threads);
    event->threads[0].frames = qmon_event_alloc(event, sizeof *event->threads[0].frames);
    event->threads[0].frames[0] = (struct qmon_frame){.file = path, .line = 4, .in_app = true};
    event->threads[0].frame_count = event->thread_count = 1;
    event->origin = 0;
}

static void tear_down(void) {
    qmon_event_free(event);
    scratch_remove(&scratch);
}

TestSuite(origin_source, .init = set_up, .fini = tear_down, .timeout = 10);

static void write_source(const char *text) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(origin_source, keeps_the_lines_around_the_origin) {
    write_source("one\ntwo\nthree\n\tfour();\n\nsix\nseven\n");
    qmon__add_source(event);
    cr_assert_eq(event->source.line_count, 5);
    cr_expect_eq(event->source.first_line, 2);
    cr_expect_str_eq(event->source.lines[0], "two");
    cr_expect_str_eq(event->source.lines[2], "\tfour();");
    cr_expect_str_eq(event->source.lines[3], "");
    cr_expect_str_eq(event->source.lines[4], "six");
}

Test(origin_source, has_fewer_at_the_ends_of_a_file) {
    write_source("one\ntwo");
    event->threads[0].frames[0].line = 1;
    qmon__add_source(event);
    cr_assert_eq(event->source.line_count, 2);
    cr_expect_eq(event->source.first_line, 1);
    cr_expect_str_eq(event->source.lines[1], "two");
}

Test(origin_source, blots_secrets_out) {
    write_source("a\nb\nconst char *password = \"hunter2secret\";\nlogin(\"xoxb-123456789012-abcdefghijkl\");\n"
                 "connect(\"redis://u:pa55word@host\");\n");
    qmon__add_source(event);
    cr_assert_eq(event->source.line_count, 4);
    for (size_t i = 0; i < event->source.line_count; i++)
        cr_expect(!strstr(event->source.lines[i], "hunter2") && !strstr(event->source.lines[i], "abcdefghijkl") &&
                      !strstr(event->source.lines[i], "pa55word"),
                  "%s", event->source.lines[i]);
}

Test(origin_source, is_bounded_whatever_the_lines) {
    static char text[100000];
    memset(text, 'x', sizeof text - 1);
    text[20000] = text[40000] = text[60000] = text[80000] = '\n';
    write_source(text);
    qmon__add_source(event);
    cr_assert_eq(event->source.line_count, 4);
    for (size_t i = 0; i < 4; i++)
        cr_expect_lt(strlen(event->source.lines[i]), 200);
}

Test(origin_source, does_not_tell_what_is_in_other_files) {
    cr_expect(qmon__is_source_name("/srv/a.cc") && qmon__is_source_name("a.rs"));
    cr_expect_not(qmon__is_source_name("/etc/shadow"));
    cr_expect_not(qmon__is_source_name("/srv/app.c/secrets"));
    cr_expect_not(qmon__is_source_name("/srv/.env"));
    char link[600];
    write_source("1\n2\n3\n4\n");
    snprintf(link, sizeof link, "%s.c", path);
    cr_assert_eq(symlink("/etc/passwd", link), 0);
    event->threads[0].frames[0].file = link;
    event->threads[0].frames[0].line = 1;
    qmon__add_source(event);
    cr_expect_eq(event->source.line_count, 0, "a link may lead anywhere");
}

Test(origin_source, is_left_out_where_the_file_ends_before_the_line) {
    write_source("1\n2\n3\n");
    qmon__add_source(event);
    cr_expect_eq(event->source.line_count, 0);
    event->origin = SIZE_MAX;
    qmon__add_source(event);
    cr_expect_eq(event->source.line_count, 0);
}
