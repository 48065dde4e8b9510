#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <qmon/render.h>
#include <qmon/text.h>

#include "sample_event.h"

static struct sample sample;

static char *trace(const struct qmon_render_options *options) {
    char *text = qmon_render_trace_text(&sample.event, options);

    cr_assert_not_null(text);
    return text;
}

#define cr_trace_is(options, expected)                                                                                 \
    do {                                                                                                               \
        char *trace_text = trace(options);                                                                             \
        cr_assert_str_eq(trace_text, expected);                                                                        \
        free(trace_text);                                                                                              \
    } while (0)

static const struct qmon_render_options short_names = {.base_names = true};

Test(render, folds_libc_and_marks_what_is_inlined, .timeout = 10) {
    sample_crash(&sample);
    sample_trace(&sample);
    cr_trace_is(&short_names, "… 2 libc frames (__strlen_avx2 … vfprintf)\n"
                              "#2  trim (text.h:31) [inlined]\n"
                              "#2  parse_header (http.c:212)\n"
                              "#3  serve (http.c:507)\n"
                              "#4  main (main.c:88)\n"
                              "… 3 libc frames (__libc_start_call_main … _start)\n");
}

Test(render, shows_the_faulting_frame_even_of_libc, .timeout = 10) {
    sample_crash(&sample);
    sample_trace(&sample);
    sample.frames[0].exact = true;
    char *text = trace(NULL);
    cr_assert(strncmp(text,
                      "#0  __strlen_avx2+0x1c (libc.so.6)\n#1  vfprintf+0x1c (libc.so.6)\n#2  trim "
                      "(/srv/build/src/text.h:31) [inlined]\n",
                      96) == 0,
              "%s", text);
    free(text);
}

Test(render, unfolded_shows_all_but_its_own_frames, .timeout = 10) {
    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_QMON, "qmon__capture", NULL, 0);
    sample_trace(&sample);
    sample.frames[4].filtered = true;
    struct qmon_render_options options = {.unfolded = true};
    char *text = trace(&options);
    size_t rows = 0;
    for (const char *c = text; *c; c++)
        rows += *c == '\n';
    cr_assert_eq(rows, 9, "%s", text);
    cr_assert_null(strstr(text, "qmon__capture"));
    cr_assert_null(strstr(text, "…"));
    free(text);
}

Test(render, folds_filtered_frames_and_says_what_a_mixed_run_holds, .timeout = 10) {
    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, "work", "a.c", 1);
    sample_frame(&sample, QMON_ROLE_APP, "wrap", "vendor.c", 2)->filtered = true;
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    sample_frame(&sample, QMON_ROLE_LIBC, "qsort", NULL, 0);
    sample_frame(&sample, QMON_ROLE_APP, "wrap", "vendor.c", 2)->filtered = true;
    cr_trace_is(NULL, "#0  work (a.c:1)\n… 1 filtered frame\n#2  main (a.c:9)\n… 2 frames (1 libc, 1 filtered)\n");
}

Test(render, folds_runtime_frames_only_beside_the_programs_own, .timeout = 10) {
    sample_crash(&sample);
    for (int i = 0; i < 3; i++)
        sample_frame(&sample, QMON_ROLE_RUNTIME, (const char *[]){"r0", "r1", "r2"}[i], NULL, 0);
    cr_trace_is(NULL, "#0  r0+0x1c (libstdc++.so.6)\n#1  r1+0x1c (libstdc++.so.6)\n#2  r2+0x1c (libstdc++.so.6)\n");
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    cr_trace_is(NULL, "… 3 runtime frames (r0 … r2)\n#3  main (a.c:9)\n");
}

Test(render, shows_threads_that_stand_in_the_same_place_once, .timeout = 10) {
    struct qmon_frame waiting[] = {{.pc = 16, .function = "wait", .file = "w.c", .line = 3, .in_app = true}};
    struct qmon_frame as_well = waiting[0], elsewhere = {.pc = 32, .function = "poll", .file = "p.c", .line = 4};
    const struct qmon_render_options folded = {.all_threads = true}, all = {.all_threads = true, .unfolded = true};
    struct qmon_thread threads[] = {
        {.tid = 1, .crashed = true, .frames = waiting, .frame_count = 1},
        {.tid = 2, .frames = waiting, .frame_count = 1},
        {.tid = 3, .frames = &elsewhere, .frame_count = 1},
        {.tid = 4, .frames = &as_well, .frame_count = 1},
    };
    sample_crash(&sample);
    sample.event.threads = threads;
    sample.event.thread_count = 4;
    cr_trace_is(&folded, "Thread 1, crashed\n#0  wait (w.c:3)\n"
                         "Thread 2, and 1 other in the same place\n#0  wait (w.c:3)\nThread 3\n#0  poll (p.c:4)\n");
    cr_trace_is(&all, "Thread 1, crashed\n#0  wait (w.c:3)\nThread 2\n#0  wait (w.c:3)\nThread 3\n#0  poll (p.c:4)\n"
                      "Thread 4\n#0  wait (w.c:3)\n");
}

static struct qmon_frame of_python[] = {
    {.function = "join", .file = "/usr/lib/python3.11/os.py", .line = 5, .language = "python"},
    {.function = "sell", .file = "shop.py", .line = 7, .language = "python", .in_app = true},
};

Test(render, shows_an_interpreters_stack_first_where_all_below_it_is_the_interpreter, .timeout = 10) {
    sample_crash(&sample);
    sample.event.process.runtime = "python 3.11.2";
    sample.thread.runtime_frames = of_python;
    sample.thread.runtime_frame_count = 2;
    for (int i = 0; i < 3; i++)
        sample_frame(&sample, QMON_ROLE_RUNTIME, (const char *[]){"r0", "r1", "r2"}[i], NULL, 0);
    cr_trace_is(&(struct qmon_render_options){.base_names = true},
                "python 3.11.2:\n#0  join (os.py:5) [python]\n#0  sell (shop.py:7) [python]\n"
                "below it, the interpreter:\n… 3 runtime frames (r0 … r2)\n");
    cr_expect_eq(qmon_render_origin(&sample.event), &of_python[1]);
}

Test(render, shows_an_interpreters_stack_behind_native_code_of_the_program, .timeout = 10) {
    sample_crash(&sample);
    sample.thread.runtime_frames = of_python;
    sample.thread.runtime_frame_count = 2;
    sample_frame(&sample, QMON_ROLE_APP, "extension", "ext.c", 9);
    for (int i = 0; i < 3; i++)
        sample_frame(&sample, QMON_ROLE_RUNTIME, (const char *[]){"r0", "r1", "r2"}[i], NULL, 0);
    cr_trace_is(&(struct qmon_render_options){.base_names = true},
                "#0  extension (ext.c:9)\n… 3 runtime frames (r0 … r2)\n"
                "interpreter:\n#0  join (os.py:5) [python]\n#0  sell (shop.py:7) [python]\n");
    cr_expect_eq(qmon_render_origin(&sample.event), &sample.frames[0]);
}

Test(render, names_what_it_can_without_symbols, .timeout = 10) {
    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, NULL, NULL, 0);
    sample_frame(&sample, QMON_ROLE_APP, NULL, NULL, 0)->module = NULL;
    sample_frame(&sample, QMON_ROLE_APP, "f", NULL, 0)->guess = true;
    sample_frame(&sample, QMON_ROLE_APP, "handler", "app.py", 3)->language = "python";
    sample_frame(&sample, QMON_ROLE_LIBC, "__restore_rt", NULL, 0)->signal = true;
    sample.thread.unwind_note = "the stack is damaged here";
    cr_trace_is(NULL, "#0  checkout+0x1000\n#1  0x555500001010\n#2  f+0x1c (checkout) [guess]\n"
                      "#3  handler (app.py:3) [python]\n#4  <signal handler called> __restore_rt+0x1c (libc.so.6)\n"
                      "(the stack is damaged here)\n");
}

Test(render, a_handlers_frame_is_told_from_what_it_interrupted_and_never_folded, .timeout = 10) {
    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, "on_user_signal", "app.c", 3);
    sample_frame(&sample, QMON_ROLE_QMON, "qmon__restore_rt", NULL, 0)->signal = true;
    for (int i = 0; i < 2; i++)
        sample_frame(&sample, QMON_ROLE_LIBC, (const char *[]){"__pthread_kill", "raise"}[i], NULL, 0);
    sample_frame(&sample, QMON_ROLE_APP, "main", "app.c", 9);
    cr_trace_is(&(struct qmon_render_options){.base_names = true},
                "#0  on_user_signal (app.c:3)\n#1  <signal handler called>\n"
                "\xe2\x80\xa6 2 libc frames (__pthread_kill \xe2\x80\xa6 raise)\n#4  main (app.c:9)\n");
}

static void recursion(size_t period, size_t times) {
    static const char *const names[] = {"f", "g", "h"};

    for (size_t i = 0; i < period * times; i++)
        sample_frame(&sample, QMON_ROLE_APP, names[i % period], "r.c", (uint32_t) (10 + i % period));
}

Test(render, folds_recursion_of_one_function, .timeout = 10) {
    sample_crash(&sample);
    recursion(1, 250);
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    cr_trace_is(NULL, "#0  f (r.c:10)\n… repeated 250 times\n#250 main (a.c:9)\n");
}

Test(render, folds_mutual_recursion_and_keeps_a_broken_last_period, .timeout = 10) {
    sample_crash(&sample);
    recursion(3, 80);
    sample_frame(&sample, QMON_ROLE_APP, "f", "r.c", 10);
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    cr_trace_is(NULL, "#0  f (r.c:10)\n#1  g (r.c:11)\n#2  h (r.c:12)\n… these 3 frames repeated 80 times\n"
                      "#240 f (r.c:10)\n#241 main (a.c:9)\n");
}

Test(render, counts_the_frames_that_capture_left_out_as_part_of_a_recursion, .timeout = 10) {
    sample_crash(&sample);
    recursion(2, 128);
    sample.frames[255].omitted_after = 82112;
    sample_frame(&sample, QMON_ROLE_APP, "g", "r.c", 11); /* the far side begins in another phase */
    for (int i = 0; i < 127; i++) {
        sample_frame(&sample, QMON_ROLE_APP, "f", "r.c", 10);
        sample_frame(&sample, QMON_ROLE_APP, "g", "r.c", 11);
    }
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    cr_trace_is(NULL, "#0  f (r.c:10)\n#1  g (r.c:11)\n… these 2 frames repeated 41,312 times\n#511 main (a.c:9)\n");
}

Test(render, says_what_was_not_captured_between_different_frames, .timeout = 10) {
    sample_crash(&sample);
    recursion(1, 5);
    sample.frames[4].omitted_after = 1200;
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    cr_trace_is(NULL, "#0  f (r.c:10)\n… repeated 5 times\n… 1,200 frames not captured\n#5  main (a.c:9)\n");
}

Test(render, does_not_take_two_calls_for_a_recursion, .timeout = 10) {
    sample_crash(&sample);
    recursion(1, 2);
    cr_trace_is(NULL, "#0  f (r.c:10)\n#1  f (r.c:10)\n");
}

static char many_names[SAMPLE_FRAMES][16];

static void many(size_t count) {
    for (size_t i = 0; i < count; i++) {
        snprintf(many_names[i], sizeof many_names[i], "f%zu", i);
        sample_frame(&sample, QMON_ROLE_APP, many_names[i], "m.c", (uint32_t) i);
    }
}

Test(render, cuts_in_the_middle_and_says_how_many, .timeout = 10) {
    struct qmon_render_options options = {.max_rows = 8};

    sample_crash(&sample);
    many(100);
    cr_trace_is(&options, "#0  f0 (m.c)\n#1  f1 (m.c:1)\n#2  f2 (m.c:2)\n… 95 frames left out\n"
                          "#98 f98 (m.c:98)\n#99 f99 (m.c:99)\n");
}

Test(render, never_cuts_the_origin, .timeout = 10) {
    struct qmon_render_options options = {.max_rows = 1};

    sample_crash(&sample);
    many(100);
    sample.event.origin = 50;
    cr_trace_is(&options, "#0  f0 (m.c)\n#1  f1 (m.c:1)\n#2  f2 (m.c:2)\n… 47 frames left out\n#50 f50 (m.c:50)\n"
                          "… 47 frames left out\n#98 f98 (m.c:98)\n#99 f99 (m.c:99)\n");
}

Test(render, names_each_thread_when_all_are_wanted, .timeout = 10) {
    static struct qmon_frame frame = {.function = "poll_loop", .file = "io.c", .line = 4, .in_app = true};
    struct qmon_thread threads[2];
    struct qmon_render_options options = {.all_threads = true};

    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, "main", "a.c", 9);
    threads[0] = sample.thread;
    threads[1] = (struct qmon_thread){.tid = 9, .name = "io", .state = "sleeping", .frames = &frame, .frame_count = 1};
    sample.event.threads = threads;
    sample.event.thread_count = 2;
    cr_trace_is(&options, "Thread 4711 \"worker\", crashed\n#0  main (a.c:9)\nThread 9 \"io\", sleeping\n"
                          "#0  poll_loop (io.c:4)\n");
}

static void check_row(void *context, const struct qmon_render_row *row) {
    size_t left = strlen(row->text), *rows = context;

    cr_assert_lt(left, QMON_RENDER_ROW_BYTES);
    for (const char *at = row->text; left > 0;) {
        uint32_t code = 0;
        size_t step = qmon_utf8_step(at, left, &code);
        cr_assert_neq(step, 0, "broken UTF-8 in: %s", row->text);
        cr_assert(qmon_utf8_printable(code), "U+%04x in: %s", code, row->text);
        at += step;
        left -= step;
    }
    ++*rows;
}

Test(render, keeps_hostile_events_within_rows_of_clean_text, .timeout = 20) {
    size_t rows = 0;
    struct qmon_render_options options = {.max_columns = 100000, .unfolded = true, .all_threads = true};

    sample_hostile(&sample);
    cr_assert_eq(qmon_render_trace(&sample.event, &options, check_row, &rows), 0);
    cr_assert_eq(rows, 512 + 1 + 1 + 1);
    options = (struct qmon_render_options){.max_columns = 1, .max_rows = 20};
    rows = 0;
    cr_assert_eq(qmon_render_trace(&sample.event, &options, check_row, &rows), 0);
    cr_assert_leq(rows, 21);
}

Test(render, ends_each_coloured_row_plain, .timeout = 10) {
    struct qmon_render_options options = {.color = true, .max_columns = 240};

    sample_hostile(&sample);
    char *text = trace(&options);
    for (char *row = strtok(text, "\n"); row; row = strtok(NULL, "\n"))
        cr_assert_str_eq(row + strlen(row) - 4, "\033[0m");
    free(text);
}

Test(render, cuts_long_names_in_the_middle_and_paths_at_the_start, .timeout = 10) {
    struct qmon_render_options options = {.max_columns = 60};

    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, "a_plain_name_that_is_longer_than_any_that_should_ever_have_been_given",
                 "/very/long/path/to/the/sources/of/this/program/map.cc", 7);
    cr_trace_is(&options, "#0  a_plain_name_th…have_been_given (…his/program/map.cc:7)\n");
}

Test(render, an_event_without_frames_has_no_rows, .timeout = 10) {
    char where[64];

    sample_startup(&sample);
    cr_trace_is(NULL, "");
    cr_assert_null(qmon_render_where(&sample.event, true, where, sizeof where));
    cr_assert_str_eq(where, "");
}

Test(render, says_where_it_happened, .timeout = 10) {
    char where[160];

    sample_crash(&sample);
    sample_trace(&sample);
    cr_assert_eq(qmon_render_where(&sample.event, true, where, sizeof where), &sample.frames[2]);
    cr_assert_str_eq(where, "trim (text.h:31)");
    sample.event.origin = SIZE_MAX;
    qmon_render_where(&sample.event, false, where, sizeof where);
    cr_assert_str_eq(where, "trim (/srv/build/src/text.h:31)");
}

Test(render, numbers_durations_and_times_read_well, .timeout = 10) {
    char text[32];

    cr_assert_str_eq(qmon_render_number(0, text, sizeof text), "0");
    cr_assert_str_eq(qmon_render_number(999, text, sizeof text), "999");
    cr_assert_str_eq(qmon_render_number(41312, text, sizeof text), "41,312");
    cr_assert_str_eq(qmon_render_number(UINT64_MAX, text, sizeof text), "18,446,744,073,709,551,615");
    cr_assert_str_eq(qmon_render_duration(4999, text, sizeof text), "4 us");
    cr_assert_str_eq(qmon_render_duration(5000000, text, sizeof text), "5 ms");
    cr_assert_str_eq(qmon_render_duration(1290000000, text, sizeof text), "1.2 s");
    cr_assert_str_eq(qmon_render_duration(200000000000, text, sizeof text), "3 min 20 s");
    cr_assert_str_eq(qmon_render_duration(7200000000000, text, sizeof text), "2 h");
    cr_assert_str_eq(qmon_render_duration(187200000000000, text, sizeof text), "2 d 4 h");
    cr_assert_str_eq(qmon_render_time(1732104180000000000, text, sizeof text), "2024-11-20 12:03:00 UTC");
}

static void expect_row(const char *function, const char *row) {
    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, function, "a.cc", 9);
    cr_trace_is(NULL, row);
}

Test(render, leaves_the_arguments_of_long_names_out, .timeout = 10) {
    expect_row(
        "v8::internal::Execution::Call(v8::internal::Isolate*, v8::internal::Handle<v8::internal::Object>) const",
        "#0  v8::internal::Execution::Call(…) const (a.cc:9)\n");
    expect_row(
        "shop::(anonymous namespace)::Stock<std::map<std::string, shop::Item>, int>::operator()(shop::Item const&)",
        "#0  shop::(anonymous namespace)::Stock<…>::operator()(…) (a.cc:9)\n");
    expect_row("std::ostream& shop::operator<<<shop::Item>(std::ostream&, shop::Item const&, std::string const&)",
               "#0  std::ostream& shop::operator<<<shop::Item>(…) (a.cc:9)\n");
    expect_row("<alloc::boxed::Box<dyn core::ops::function::FnOnce<()>> as core::ops::function::FnOnce<()>>::call_once",
               "#0  <alloc::boxed::Box<…> as core::ops::function::FnOnce<()>>::call_once (a.cc:9)\n");
    expect_row("short(int)", "#0  short(int) (a.cc:9)\n");
#define UNBALANCED "unbalanced((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
    expect_row(UNBALANCED, "#0  " UNBALANCED " (a.cc:9)\n");
}
