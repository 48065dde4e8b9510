#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <json-c/json.h>

#include <qmon/interchange.h>

#include "sample_event.h"

static struct sample sample;
static struct qmon_module modules[] = {
    {"/usr/bin/checkout", "68220ae2c65d65c1b6aaa12fa6765a6ec2f5f434", 0x555500001000, 0x555500003000, 0x1000},
    {"/usr/lib/unused.so", "aa220ae2c65d65c1b6aaa12fa6765a6ec2f5f434", 0x10000, 0x20000, 0},
};
static struct qmon_register registers[] = {{"rip", 0x555500001020, NULL}, {"rax", 0, NULL}};
static struct qmon_crumb crumbs[] = {{UINT64_C(1732104181000000000), 4711, "loaded the configuration"}};

static void make_crash(void) {
    sample_crash(&sample);
    sample_trace(&sample);
    sample.event.modules = modules;
    sample.event.module_count = 2;
    sample.event.registers = registers;
    sample.event.register_count = 2;
    sample.event.crumbs = crumbs;
    sample.event.crumb_count = 1;
    sample.event.host.kernel = "Linux 6.1.0";
    sample.event.host.arch = "x86_64";
}

static struct json_object *parse(const char *text) {
    enum json_tokener_error error;
    struct json_object *object = json_tokener_parse_verbose(text, &error);
    cr_assert_not_null(object, "%s: %.2000s", json_tokener_error_desc(error), text);
    return object;
}

/* "exception.values.0.type" */
static struct json_object *at(struct json_object *object, const char *path) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok(copy, "/"); part; part = strtok(NULL, "/"))
        object = json_object_is_type(object, json_type_array) ? json_object_array_get_idx(object, (size_t) atoi(part))
                                                              : json_object_object_get(object, part);
    return object;
}

#define cr_text_is(object, path, expected) cr_expect_str_eq(json_object_get_string(at(object, path)), expected)

/* Of an array of {key, value: {KIND: ...}}; and that it has the key once. */
static const char *attribute(struct json_object *list, const char *key, const char *kind) {
    struct json_object *found = NULL;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        if (strcmp(json_object_get_string(at(item, "key")), key) != 0)
            continue;
        cr_expect_null(found, "%s is there twice", key);
        found = at(item, "value");
        cr_expect_eq(json_object_object_length(found), 1);
    }
    return found ? json_object_get_string(json_object_object_get(found, kind)) : NULL;
}

/* The three lines of an envelope; checks that the length is true. */
static struct json_object *envelope_event(char *text, struct json_object **ret_header) {
    char *second = strchr(text, '\n') + 1, *third = strchr(second, '\n') + 1, *end = strchr(third, '\n');
    cr_assert_not_null(end);
    cr_expect_str_eq(end, "\n");
    second[-1] = third[-1] = *end = '\0';
    struct json_object *item = parse(second);
    cr_text_is(item, "type", "event");
    cr_expect_eq(json_object_get_uint64(at(item, "length")), strlen(third));
    json_object_put(item);
    *ret_header = parse(text);
    return parse(third);
}

TestSuite(interchange, .timeout = 30);

Test(interchange, a_crash_is_a_sentry_exception_that_nobody_handled) {
    make_crash();
    char *text = qmon_sentry_envelope(&sample.event, UINT64_C(1732104300000000000));
    struct json_object *header, *event = envelope_event(text, &header);

    cr_text_is(header, "event_id", "01934a1c7e107a2b8c3d4e5f60718293");
    cr_text_is(header, "sent_at", "2024-11-20T12:05:00.000000000Z");
    cr_text_is(event, "event_id", "01934a1c7e107a2b8c3d4e5f60718293");
    cr_text_is(event, "timestamp", "2024-11-20T12:04:01.000000000Z");
    cr_text_is(event, "platform", "native");
    cr_text_is(event, "level", "fatal");
    cr_text_is(event, "release", "checkout@1.4.2");
    cr_text_is(event, "environment", "production");
    cr_text_is(event, "server_name", "web-7");
    cr_text_is(event, "fingerprint/0", "00112233445566778899aabbccddeeff");
    cr_text_is(event, "exception/values/0/type", "SIGSEGV");
    cr_text_is(event, "exception/values/0/mechanism/handled", "false");
    cr_text_is(event, "exception/values/0/mechanism/meta/signal/code_name", "SEGV_MAPERR");
    cr_text_is(event, "exception/values/0/thread_id", "4711");
    cr_text_is(event, "threads/values/0/crashed", "true");
    cr_expect_null(at(event, "threads/values/0/stacktrace"), "the exception has it already");
    cr_text_is(event, "breadcrumbs/values/0/message", "loaded the configuration");
    cr_text_is(event, "contexts/os/kernel_version", "6.1.0");
    cr_text_is(event, "tags/cause", "null-dereference");
    json_object_put(event);
    json_object_put(header);
    free(text);
}

Test(interchange, sentry_frames_go_from_the_outermost_to_the_innermost) {
    make_crash();
    sample.frames[2].pc = sample.frames[3].pc; /* inlined into it */
    char *text = qmon_sentry_event(&sample.event);
    struct json_object *event = parse(text), *trace = at(event, "exception/values/0/stacktrace");

    cr_expect_eq(json_object_array_length(at(trace, "frames")), 9);
    cr_text_is(trace, "frames/0/function", "_start");
    cr_text_is(trace, "frames/8/function", "__strlen_avx2");
    cr_text_is(trace, "frames/6/function", "trim");
    cr_text_is(trace, "frames/6/filename", "text.h");
    cr_text_is(trace, "frames/6/abs_path", "/srv/build/src/text.h");
    cr_text_is(trace, "frames/6/lineno", "31");
    cr_text_is(trace, "frames/6/in_app", "true");
    cr_expect_null(at(trace, "frames/6/instruction_addr"), "an inlined frame shares its caller's address");
    cr_text_is(trace, "frames/5/instruction_addr", "0x555500001030");
    cr_text_is(trace, "frames/5/symbol_addr", "0x555500001014");
    cr_text_is(trace, "frames/8/package", "/usr/lib/libc.so.6");
    cr_text_is(trace, "registers/rip", "0x555500001020");
    json_object_put(event);
    free(text);
}

Test(interchange, sentry_gets_the_modules_that_frames_lie_in_with_their_debug_ids) {
    make_crash();
    char *text = qmon_sentry_event(&sample.event);
    struct json_object *event = parse(text), *images = at(event, "debug_meta/images");

    cr_assert_eq(json_object_array_length(images), 1);
    cr_text_is(images, "0/type", "elf");
    cr_text_is(images, "0/code_id", "68220ae2c65d65c1b6aaa12fa6765a6ec2f5f434");
    cr_text_is(images, "0/debug_id", "e20a2268-5dc6-c165-b6aa-a12fa6765a6e");
    cr_text_is(images, "0/image_addr", "0x555500000000");
    cr_expect_eq(json_object_get_uint64(at(images, "0/image_size")), 0x3000);
    json_object_put(event);
    free(text);
}

Test(interchange, names_that_sentry_would_drop_are_made_ones_that_it_takes) {
    make_crash();
    sample.event.service.stage = "pre prod/eu";
    sample.event.service.version = "feature/x\\y";
    char *text = qmon_sentry_event(&sample.event);
    struct json_object *event = parse(text);
    cr_text_is(event, "environment", "pre-prod-eu");
    cr_text_is(event, "release", "checkout@feature-x-y");
    json_object_put(event);
    free(text);
}

Test(interchange, a_start_is_a_sentry_message_without_exception) {
    sample_startup(&sample);
    char *text = qmon_sentry_event(&sample.event);
    struct json_object *event = parse(text);
    cr_text_is(event, "level", "info");
    cr_text_is(event, "logentry/formatted", "checkout started");
    cr_expect_null(at(event, "exception"));
    cr_expect_null(at(event, "threads"));
    json_object_put(event);
    free(text);
}

Test(interchange, an_error_report_tells_sentry_who_and_where) {
    sample_error(&sample);
    char *text = qmon_sentry_event(&sample.event);
    struct json_object *event = parse(text);
    cr_text_is(event, "level", "error");
    cr_text_is(event, "exception/values/0/type", "404");
    cr_text_is(event, "exception/values/0/value", "User not found");
    cr_text_is(event, "exception/values/0/mechanism/handled", "true");
    cr_text_is(event, "transaction", "/api/users");
    cr_text_is(event, "user/id", "u-17");
    cr_text_is(event, "extra/order", "A-1993");
    json_object_put(event);
    free(text);
}

Test(interchange, a_huge_event_stays_below_what_sentry_takes) {
    sample_hostile(&sample);
    sample.event.modules = modules;
    sample.event.module_count = 2;
    char *text = qmon_sentry_envelope(&sample.event, 1), *whole = strdup(text);
    struct json_object *header, *event = envelope_event(text, &header);
    cr_expect_leq(strlen(whole), QMON_SENTRY_BYTES + 1000);
    cr_expect_not_null(strstr(whole, "frames are left out>"));
    cr_expect_gt(json_object_array_length(at(event, "exception/values/0/stacktrace/frames")), 50);
    json_object_put(event);
    json_object_put(header);
    free(whole);
    free(text);
}

Test(interchange, a_crash_is_an_otlp_record_in_the_conventions_names) {
    make_crash();
    char *text = qmon_otlp_logs(&sample.event, UINT64_C(1732104300000000000));
    cr_expect_null(strchr(text, '\n'));
    struct json_object *request = parse(text), *resource = at(request, "resourceLogs/0/resource/attributes"),
                       *record = at(request, "resourceLogs/0/scopeLogs/0/logRecords/0"),
                       *attributes = at(record, "attributes");

    cr_expect_str_eq(attribute(resource, "service.name", "stringValue"), "checkout");
    cr_expect_str_eq(attribute(resource, "service.version", "stringValue"), "1.4.2");
    cr_expect_str_eq(attribute(resource, "deployment.environment.name", "stringValue"), "production");
    cr_expect_str_eq(attribute(resource, "host.name", "stringValue"), "web-7");
    cr_expect_str_eq(attribute(resource, "host.arch", "stringValue"), "amd64");
    cr_expect_str_eq(attribute(resource, "process.pid", "intValue"), "4711");
    cr_expect_str_eq(attribute(resource, "process.executable.name", "stringValue"), "checkout");
    cr_expect_str_eq(attribute(resource, "process.command_line", "stringValue"), "checkout --port 8080");
    cr_expect(json_object_is_type(at(record, "timeUnixNano"), json_type_string), "64 bits are texts");
    cr_text_is(record, "timeUnixNano", "1732104241000000000");
    cr_text_is(record, "observedTimeUnixNano", "1732104300000000000");
    cr_text_is(record, "severityNumber", "21");
    cr_text_is(record, "severityText", "FATAL");
    cr_text_is(record, "eventName", "qmon.crash");
    cr_text_is(record, "body/stringValue", sample.event.message);
    cr_expect_str_eq(attribute(attributes, "exception.type", "stringValue"), "SIGSEGV");
    cr_expect_str_eq(attribute(attributes, "code.function.name", "stringValue"), "trim");
    cr_expect_str_eq(attribute(attributes, "code.file.path", "stringValue"), "/srv/build/src/text.h");
    cr_expect_str_eq(attribute(attributes, "code.line.number", "intValue"), "31");
    cr_expect_str_eq(attribute(attributes, "thread.id", "intValue"), "4711");
    cr_expect_str_eq(attribute(attributes, "log.record.uid", "stringValue"), sample.event.id);
    cr_expect_not_null(strstr(attribute(attributes, "exception.stacktrace", "stringValue"),
                              "in serve () at /srv/build/src/http.c:507\n"));
    json_object_put(request);
    free(text);
}

Test(interchange, otlp_attributes_are_never_there_twice) {
    static struct qmon_pair pairs[] = {{"a", "1"}, {"a", "2"}, {"b", "3"}};
    sample_error(&sample);
    sample.event.report.extra = pairs;
    sample.event.report.extra_count = 3;
    char *text = qmon_otlp_logs(&sample.event, 0);
    struct json_object *request = parse(text),
                       *attributes = at(request, "resourceLogs/0/scopeLogs/0/logRecords/0/attributes");
    cr_expect_str_eq(attribute(attributes, "qmon.extra.a", "stringValue"), "1");
    cr_expect_str_eq(attribute(attributes, "qmon.extra.a (2)", "stringValue"), "2");
    cr_expect_str_eq(attribute(attributes, "qmon.extra.b", "stringValue"), "3");
    cr_expect_str_eq(attribute(attributes, "user.id", "stringValue"), "u-17");
    json_object_put(request);
    free(text);
}

Test(interchange, a_huge_event_is_a_bounded_otlp_request) {
    sample_hostile(&sample);
    char *text = qmon_otlp_logs(&sample.event, 0);
    cr_expect_leq(strlen(text), QMON_OTLP_BYTES);
    json_object_put(parse(text));
    free(text);
}

Test(interchange, the_backtrace_is_in_gdbs_words) {
    make_crash();
    sample.thread.unwind_note = "the stack is damaged";
    sample.frames[4].omitted_after = 3;
    char *text = qmon_gdb_backtrace(&sample.event);
    cr_expect_str_eq(text, "Core was generated by `checkout --port 8080'.\n"
                           "Program terminated with signal SIGSEGV, Segmentation fault.\n"
                           "[Current thread is 1 (LWP 4711)]\n"
                           "\n"
                           "Thread 1 (LWP 4711 \"worker\"):\n"
                           "#0  0x0000555500001000 in __strlen_avx2 () from /usr/lib/libc.so.6\n"
                           "#1  0x0000555500001010 in vfprintf () from /usr/lib/libc.so.6\n"
                           "#2  0x0000555500001020 in trim () at /srv/build/src/text.h:31\n"
                           "#3  parse_header () at /srv/build/src/http.c:212\n"
                           "#4  0x0000555500001040 in serve () at /srv/build/src/http.c:507\n"
                           "    (3 frames are left out here)\n"
                           "#8  0x0000555500001050 in main () at /srv/build/src/main.c:88\n"
                           "#9  0x0000555500001060 in __libc_start_call_main () from /usr/lib/libc.so.6\n"
                           "#10 0x0000555500001070 in __libc_start_main () from /usr/lib/libc.so.6\n"
                           "#11 0x0000555500001080 in _start () from /usr/lib/libc.so.6\n"
                           "Backtrace stopped: the stack is damaged\n");
    free(text);
}

Test(interchange, the_backtrace_shows_handlers_unknown_functions_and_every_thread) {
    static struct qmon_thread threads[2];
    make_crash();
    sample.frames[0] = (struct qmon_frame){.pc = 0x10, .role = QMON_ROLE_APP};
    sample.frames[1] = (struct qmon_frame){.pc = 0x20, .role = QMON_ROLE_QMON, .signal = true};
    sample.frames[2] = (struct qmon_frame){.pc = 0x30, .role = QMON_ROLE_QMON, .function = "qmon__capture"};
    sample.thread.frame_count = 3;
    threads[0] = sample.thread;
    threads[1] = sample.thread;
    threads[1].tid = 4712;
    threads[1].name = "two\nlines";
    threads[1].frame_count = 1;
    sample.event.threads = threads;
    sample.event.thread_count = 2;
    char *text = qmon_gdb_backtrace(&sample.event);
    cr_expect_not_null(strstr(text, "Thread 1 (LWP 4711 \"worker\"):\n"
                                    "#0  0x0000000000000010 in ?? ()\n"
                                    "#1  <signal handler called>\n"
                                    "\n"
                                    "Thread 2 (LWP 4712 \"two lines\"):\n"
                                    "#0  0x0000000000000010 in ?? ()\n"),
                       "%s", text);
    free(text);
}

static struct qmon_frame of_python[] = {
    {.function = "join", .file = "/usr/lib/python3.11/os.py", .line = 5, .language = "python"},
    {.function = "sell", .file = "/srv/shop.py", .line = 7, .language = "python", .in_app = true},
};

static void make_python_crash(void) {
    make_crash();
    sample.thread.runtime_frames = of_python;
    sample.thread.runtime_frame_count = 2;
    sample.event.process.runtime = "python 3.11.2";
    sample.event.context.error_name = "ENOENT";
    sample.event.context.resident_bytes = 4096;
    registers[0].points_to = "code of checkout";
}

Test(interchange, an_interpreters_stack_and_the_process_go_to_sentry, .timeout = 10) {
    make_python_crash();
    char *text = qmon_sentry_event(&sample.event);
    struct json_object *event = parse(text), *frames = at(event, "exception/values/0/stacktrace/frames");
    size_t count = json_object_array_length(frames), python = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(at(json_object_array_get_idx(frames, i), "function"));
        if (name && strcmp(name, "sell") == 0)
            python = i;
    }
    /* outermost first: what the interpreter stands on, its own frames, and the native ones of the program that it called */
    cr_assert(python > 0 && python + 2 < count);
    cr_text_is(json_object_array_get_idx(frames, python + 1), "function", "join");
    cr_text_is(json_object_array_get_idx(frames, python + 2), "function", "main");
    cr_text_is(json_object_array_get_idx(frames, python), "platform", "python");
    cr_text_is(event, "contexts/runtime/name", "python");
    cr_text_is(event, "contexts/runtime/version", "3.11.2");
    cr_text_is(event, "contexts/process_state/errno", "ENOENT");
    cr_text_is(event, "contexts/process_state/resident_bytes", "4096");
    cr_text_is(event, "contexts/registers/rip", "0x555500001020, code of checkout");
    json_object_put(event);
    free(text);
}

Test(interchange, an_interpreters_stack_and_the_process_go_by_otlp, .timeout = 10) {
    make_python_crash();
    sample.event.origin = SIZE_MAX;
    char *text = qmon_otlp_logs(&sample.event, 0);
    struct json_object *whole = parse(text);
    struct json_object *record = at(whole, "resourceLogs/0/scopeLogs/0/logRecords/0/attributes");
    struct json_object *resource = at(whole, "resourceLogs/0/resource/attributes");
    cr_expect_str_eq(attribute(resource, "process.runtime.name", "stringValue"), "python");
    cr_expect_str_eq(attribute(resource, "process.runtime.version", "stringValue"), "3.11.2");
    cr_expect_str_eq(attribute(record, "code.function.name", "stringValue"), "sell");
    cr_expect_str_eq(attribute(record, "qmon.context.errno", "stringValue"), "ENOENT");
    cr_expect_str_eq(attribute(record, "qmon.context.resident_bytes", "intValue"), "4096");
    cr_expect_str_eq(attribute(record, "qmon.register.rip", "stringValue"), "0x555500001020, code of checkout");
    cr_expect_not_null(strstr(attribute(record, "exception.stacktrace", "stringValue"),
                              "Traceback of python 3.11.2 (most recent call first):\n"
                              "  File \"/usr/lib/python3.11/os.py\", line 5, in join\n"
                              "  File \"/srv/shop.py\", line 7, in sell\n"));
    json_object_put(whole);
    free(text);
}
