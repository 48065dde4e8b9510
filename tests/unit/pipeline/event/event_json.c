/* event_json.c: events as JSON and back. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/event.h>
#include <qmon/pipeline.h>

#define NOW_NS 1732145530123456789u

static void add_threads(struct qmon_event *event) {
    event->threads = qmon_event_alloc(event, 2 * sizeof *event->threads);
    event->thread_count = 2;
    event->threads[0].tid = 5;
    event->threads[0].name = "main";
    event->threads[0].crashed = true;
    event->threads[0].frames = qmon_event_alloc(event, 2 * sizeof *event->threads->frames);
    event->threads[0].frame_count = 2;
    event->threads[0].frames[1] = (struct qmon_frame){.index = 1,
                                                      .pc = UINT64_MAX,
                                                      .module = "/bin/x",
                                                      .build_id = "abcd",
                                                      .offset = 0x1234,
                                                      .function = "f()",
                                                      .function_offset = 4,
                                                      .file = "x.c",
                                                      .line = 9,
                                                      .column = 3,
                                                      .inlined = true,
                                                      .exact = true,
                                                      .guess = true,
                                                      .signal = true,
                                                      .in_app = true,
                                                      .filtered = true,
                                                      .role = QMON_ROLE_RUNTIME,
                                                      .omitted_after = 1ull << 40,
                                                      .language = "python"};
    event->threads[1].tid = 6;
    event->threads[1].state = "sleeping";
    event->threads[1].unwind_note = "cut";
    event->threads[1].runtime_frames = &event->threads[0].frames[1];
    event->threads[1].runtime_frame_count = 1;
    event->process.runtime = "python 3.11.2";
    event->origin = 1;
}

static void add_context(struct qmon_event *event) {
    static struct qmon_pair kinds[] = {{"sockets", "3"}}, limits[] = {{"stack", "8 MB"}, {"core file", "0 bytes"}};
    static const char *words[] = {"0x1", "-"};
    static const char *source[] = {"int f(void) {", "", "}"};
    event->source.first_line = 7;
    event->source.lines = source;
    event->source.line_count = 3;
    event->context.error_number = 2;
    event->context.error_name = "ENOENT";
    event->context.threads = 2;
    event->context.resident_bytes = 4096;
    event->context.group_limit_bytes = 1ull << 40;
    event->context.descriptors = 9;
    event->context.descriptor_kinds = kinds;
    event->context.descriptor_kind_count = 1;
    event->context.limits = limits;
    event->context.limit_count = 2;
    event->context.code_address = 0x1000;
    event->context.code = "0f0b";
    event->context.stack_address = 0x2000;
    event->context.stack_words = words;
    event->context.stack_word_count = 2;
}

static struct qmon_event *full_event(void) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->title = "SIGSEGV in parse \"x\" (http.c:212)";
    event->message = "line one\nline two\\";
    event->code = "SIGSEGV";
    event->signal.number = 11;
    event->signal.name = "SIGSEGV";
    event->signal.code = 0;
    event->signal.code_name = "SI_USER";
    event->signal.has_address = true;
    event->signal.sender_pid = 71;
    event->signal.sender_name = "bash";
    event->exit.present = true;
    event->exception.type = "std::runtime_error";
    event->exception.message = "no \xc3\xa4rger";
    event->cause.kind = "null-dereference";
    event->cause.detail = "a sentence";
    add_threads(event);
    event->exception.thrown = event->threads;
    event->exception.thrown_count = 1;
    static struct qmon_register registers[] = {{"rax", 0, NULL}, {"rip", 0xdeadbeefcafef00d, "code of x"}};
    event->registers = registers;
    event->register_count = 2;
    static struct qmon_module modules[] = {{"/bin/x", "abcd", 0x1000, 0x2000, 0x500}};
    event->modules = modules;
    event->module_count = 1;
    static struct qmon_crumb crumbs[] = {{NOW_NS - 5, 6, "opened"}};
    event->crumbs = crumbs;
    event->crumb_count = 1;
    add_context(event);
    event->process.pid = 42;
    event->process.root = true;
    event->process.root_pid = 42;
    event->process.start_time_ns = NOW_NS - 1000;
    event->service.name = "shop";
    event->host.name = "h1";
    strcpy(event->fingerprint, "0123456789abcdef0123456789abcdef");
    event->occurrences.suppressed = UINT64_MAX;
    event->occurrences.first_seen_ns = NOW_NS;
    static struct qmon_pair extra[] = {{"k", "v1"}, {"k", "v2"}, {"other", "\t"}};
    event->report.extra = extra;
    event->report.extra_count = 3;
    qmon_event_note(event, "a note");
    return event;
}

static struct qmon_event *read_back(const char *json) {
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json(json, strlen(json), &error);
    cr_assert(ne(ptr, event, NULL), "%s", error ? error : "no error");
    return event;
}

static void expect_error(const char *json, const char *expected) {
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json(json, strlen(json), &error);
    cr_assert(eq(ptr, event, NULL), "accepted: %s", json);
    cr_assert(error != NULL);
    cr_expect(ne(ptr, strstr(error, expected), NULL), "\"%s\" does not say \"%s\"", error, expected);
}

Test(event_json, of_a_full_event_reads_back_to_the_same_json, .timeout = 10) {
    struct qmon_event *event = full_event();
    char *first = qmon_event_to_json(event);
    struct qmon_event *again = read_back(first);
    char *second = qmon_event_to_json(again);
    /* the repeated key stands as "k (2)" from the first writing on */
    cr_expect_str_eq(first, second);
    cr_expect_str_eq(again->id, event->id);
    cr_expect(eq(u64, again->threads[0].frames[1].pc, UINT64_MAX));
    cr_expect(eq(u64, again->occurrences.suppressed, UINT64_MAX));
    cr_expect(eq(u64, again->registers[1].value, 0xdeadbeefcafef00d));
    cr_expect_str_eq(again->registers[1].points_to, "code of x");
    cr_expect(again->signal.has_address && again->exit.present);
    cr_expect(eq(sz, again->origin, 1));
    cr_expect_str_eq(again->report.extra[1].key, "k (2)");
    free(first);
    free(second);
    qmon_event_free(event);
    qmon_event_free(again);
}

Test(event_json, is_one_line_with_the_promised_names, .timeout = 10) {
    struct qmon_event *event = full_event();
    char *json = qmon_event_to_json(event);
    cr_expect(eq(ptr, strchr(json, '\n'), NULL));
    static const char *const parts[] = {
        "{\"schema\":\"qmon.event/1\",\"id\":\"",
        "\"time\":\"2024-11-20T23:32:10.123456789Z\"",
        "\"kind\":\"crash\"",
        "\"severity\":\"critical\"",
        "\"title\":\"SIGSEGV in parse \\\"x\\\" (http.c:212)\"",
        "\"message\":\"line one\\nline two\\\\\"",
        "\"signal\":{\"number\":11,\"name\":\"SIGSEGV\",\"code\":0,\"code_name\":\"SI_USER\",\"address\":\"0x0\","
        "\"sender_pid\":71,\"sender_uid\":0,\"sender_name\":\"bash\"}",
        "\"exit\":{\"status\":0}",
        "\"exception\":{\"type\":\"std::runtime_error\",",
        "\"thrown\":[{\"tid\":5,\"name\":\"main\",\"crashed\":true,\"frames\":[{\"index\":0,",
        "\"cause\":{\"kind\":",
        "\"threads\":[{\"tid\":5,\"name\":\"main\",\"crashed\":true,\"frames\":[{\"index\":0,\"pc\":\"0x0\",",
        "\"pc\":\"0xffffffffffffffff\"",
        "\"offset\":\"0x1234\"",
        "\"inlined\":true,\"in_app\":true,\"role\":\"runtime\"",
        "\"registers\":{\"rax\":\"0x0\",\"rip\":\"0xdeadbeefcafef00d\"}",
        "\"register_targets\":{\"rip\":\"code of x\"}",
        "\"process\":{\"pid\":42,\"uid\":0,\"gid\":0,\"root\":true,",
        "\"start_time\":\"2024-11-20T23:32:10.123455789Z\"",
        "\"service\":{\"name\":\"shop\"}",
        "\"fingerprint\":\"0123456789abcdef0123456789abcdef\"",
        "\"occurrences\":{\"suppressed\":18446744073709551615,",
        "\"extra\":{\"k\":\"v1\",\"k (2)\":\"v2\",",
        "\"breadcrumbs\":[{\"time\":\"2024-11-20T23:32:10.123456784Z\",\"tid\":6,\"text\":\"opened\"}]",
        "\"notes\":[\"a note\"]"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect(ne(ptr, strstr(json, parts[i]), NULL), "no %s in %s", parts[i], json);
    struct json_object *parsed = json_tokener_parse(json);
    cr_expect(ne(ptr, parsed, NULL));
    json_object_put(parsed);
    free(json);
    qmon_event_free(event);
}

Test(event_json, leaves_out_what_is_not_known, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    event->kind = QMON_KIND_LIFECYCLE;
    strcpy(event->id, "00000000-0000-7000-8000-000000000000");
    char *json = qmon_event_to_json(event);
    cr_expect_str_eq(json, "{\"schema\":\"qmon.event/1\",\"id\":\"00000000-0000-7000-8000-000000000000\","
                           "\"time\":\"2024-11-20T23:32:10.123456789Z\",\"kind\":\"lifecycle\",\"severity\":\"info\"}");
    struct qmon_event *again = read_back(json);
    cr_expect(not(again->exit.present));
    cr_expect(not(again->signal.has_address));
    cr_expect(eq(sz, again->origin, SIZE_MAX));
    free(json);
    qmon_event_free(event);
    qmon_event_free(again);
}

Test(event_json, of_text_that_never_was_cleaned_is_still_valid_json, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    event->title = "\xff bad \x01 \x7f \"\\ \xe2\x82";
    char *json = qmon_event_to_json(event);
    struct json_tokener *tokener = json_tokener_new();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *parsed = json_tokener_parse_ex(tokener, json, -1);
    cr_expect(ne(ptr, parsed, NULL), "%s", json);
    json_object_put(parsed);
    json_tokener_free(tokener);
    qmon_event_free(read_back(json));
    free(json);
    qmon_event_free(event);
}

Test(event_json, every_time_reads_back, .timeout = 10) {
    static const uint64_t times[] = {
        1, 999999999, 951782399999999999u, 951868800000000000u, 1709164800000000000u, 4102444800000000001u, UINT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct qmon_event *event = qmon_event_new(times[i]);
        char *json = qmon_event_to_json(event);
        struct qmon_event *again = read_back(json);
        cr_expect(eq(u64, again->time_ns, times[i]));
        free(json);
        qmon_event_free(event);
        qmon_event_free(again);
    }
}

#define HEAD "{\"schema\":\"qmon.event/1\",\"id\":\"00000000-0000-7000-8000-000000000000\""

Test(event_json, reads_times_with_other_offsets_and_fewer_digits, .timeout = 10) {
    struct qmon_event *event = read_back(HEAD ",\"time\":\"2024-11-21T01:02:10.5+01:30\"}");
    cr_expect(eq(u64, event->time_ns, 1732145530500000000u));
    qmon_event_free(event);
}

Test(event_json, ignores_members_it_does_not_know, .timeout = 10) {
    struct qmon_event *event = read_back(HEAD ",\"new\":{\"a\":[1,2]},\"exit\":{\"status\":3,\"x\":1},\"title\":null}");
    cr_expect(eq(int, event->exit.status, 3));
    cr_expect(event->exit.present);
    cr_expect(eq(ptr, (void *) event->title, NULL));
    qmon_event_free(event);
}

Test(event_json, says_what_is_wrong_and_where, .timeout = 10) {
    expect_error("", "ends too early");
    expect_error("null ", "found null");
    expect_error("[]", "schema: missing");
    expect_error("{\"schema\":", "ends too early");
    expect_error("{]", "byte 1");
    expect_error("{}", "schema: missing");
    expect_error("{\"schema\":\"other\"}", "schema: not an event");
    expect_error("{\"schema\":\"qmon.event/2\"}", "newer");
    expect_error("{\"schema\":\"qmon.event/1\"}", "id: missing");
    expect_error("{\"schema\":\"qmon.event/1\",\"id\":\"../../etc\"}", "id: expected");
    expect_error(HEAD "} x", "something follows");
    expect_error(HEAD ",\"kind\":\"party\"}", "kind: not a name");
    expect_error(HEAD ",\"title\":5}", "title: expected string, found int");
    expect_error(HEAD ",\"time\":\"yesterday\"}", "time: expected an RFC 3339 time");
    expect_error(HEAD ",\"time\":\"2024-13-01T00:00:00Z\"}", "time:");
    expect_error(HEAD ",\"threads\":[{},{\"frames\":[{},{\"pc\":12}]}]}", "threads[1].frames[1].pc: expected string");
    expect_error(HEAD ",\"threads\":[{\"frames\":[{\"pc\":\"0x\"}]}]}", "threads[0].frames[0].pc: expected \"0x\"");
    expect_error(HEAD ",\"threads\":[{\"frames\":[{\"line\":-1}]}]}", "line: the number -1 is out of range");
    expect_error(HEAD ",\"threads\":[{\"frames\":[{\"line\":4294967296}]}]}", "out of range");
    expect_error(HEAD ",\"signal\":[]}", "signal: expected object, found array");
    expect_error(HEAD ",\"fingerprint\":\"xyz\"}", "fingerprint:");
    expect_error(HEAD ",\"fingerprint\":\"0123456789abcdef0123456789abcdef0\"}", "fingerprint:");
    expect_error(HEAD ",\"notes\":[1]}", "notes: expected string");
    expect_error(HEAD ",\"registers\":{\"rax\":1}}", "registers: expected string");
}

Test(event_json, refuses_depth_and_numbers_of_things_without_end, .timeout = 30) {
    char *deep = malloc(100000 + sizeof HEAD + 16);
    strcpy(deep, HEAD ",\"x\":");
    size_t length = strlen(deep);
    memset(deep + length, '[', 100000);
    deep[length + 100000] = '\0';
    expect_error(deep, "nesting too deep");
    free(deep);

    size_t count = 300000;
    char *wide = malloc(count * 3 + sizeof HEAD + 64);
    strcpy(wide, HEAD ",\"breadcrumbs\":[");
    length = strlen(wide);
    for (size_t i = 0; i < count; i++, length += 3)
        memcpy(wide + length, i ? ",{}" : " {}", 3);
    strcpy(wide + length, "]}");
    expect_error(wide, "breadcrumbs: more than 262144 items");
    free(wide);
}

Test(event_json, an_origin_outside_of_the_trace_is_no_origin, .timeout = 10) {
    struct qmon_event *event = read_back(HEAD ",\"origin\":1,\"threads\":[{\"frames\":[{}]}]}");
    cr_expect(eq(sz, event->origin, SIZE_MAX));
    qmon_event_free(event);
}

Test(event_json, cut_anywhere_is_an_error_and_never_a_crash, .timeout = 30) {
    struct qmon_event *event = full_event();
    char *json = qmon_event_to_json(event);
    size_t length = strlen(json);
    for (size_t cut = 0; cut < length; cut++) {
        const char *error = NULL;
        struct qmon_event *partial = qmon_event_from_json(json, cut, &error);
        cr_assert(eq(ptr, partial, NULL), "cut at %zu", cut);
        cr_assert(error && *error);
    }
    free(json);
    qmon_event_free(event);
}

Test(event_json, frames_of_very_many_threads_are_written_once, .timeout = 10) {
    enum { THREADS = 1500, FRAMES = 2 };
    struct qmon_event *event = qmon_event_new(1);
    event->threads = qmon_event_alloc(event, THREADS * sizeof *event->threads);
    event->thread_count = THREADS;
    for (uint32_t i = 0; i < THREADS; i++) {
        struct qmon_frame *frames = qmon_event_alloc(event, FRAMES * sizeof *frames);
        frames[0] = (struct qmon_frame){.pc = i % 3 ? 0x1000 : 0x2000, .function = "wait", .file = "/srv/wait.c"};
        frames[1] = (struct qmon_frame){.pc = 0x3000, .function = "main", .file = "/srv/main.c"};
        event->threads[i] = (struct qmon_thread){.tid = i + 1, .frames = frames, .frame_count = FRAMES};
    }
    qmon_fold_threads(event);
    cr_expect_eq(event->threads[0].same_as, 0);
    cr_expect_eq(event->threads[3].same_as, 0, "the first thread is for itself");
    cr_expect_eq(event->threads[4].same_as, 2);
    char *json = qmon_event_to_json(event);
    const char *error = NULL;
    cr_expect_lt(strlen(json), THREADS * 100);
    struct qmon_event *again = qmon_event_from_json(json, strlen(json), &error);
    cr_assert_not_null(again, "%s", error);
    cr_assert_eq(again->thread_count, THREADS);
    for (uint32_t i = 0; i < THREADS; i++) {
        cr_assert_eq(again->threads[i].frame_count, FRAMES);
        cr_assert_eq(again->threads[i].frames[0].pc, event->threads[i].frames[0].pc);
    }
    free(json);
    qmon_event_free(event);
    qmon_event_free(again);
}
