/* event.c: memory, text, notes, ids and names of events. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/event.h>

#define NOW_NS 1732145530123456789u /* 2024-11-20T23:32:10.123456789Z */
#define REPLACED "\xef\xbf\xbd"

Test(event, is_new_with_an_id_a_time_and_nothing_else, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    cr_assert(ne(ptr, event, NULL));
    cr_expect(eq(u64, event->time_ns, NOW_NS));
    cr_expect(eq(sz, strlen(event->id), 36));
    cr_expect(eq(sz, event->origin, SIZE_MAX));
    cr_expect(eq(ptr, (void *) event->title, NULL));
    qmon_event_free(event);
    qmon_event_free(NULL);
}

Test(event, ids_are_version_7_carry_the_time_and_sort_by_it, .timeout = 10) {
    char previous[QMON_EVENT_ID_BYTES] = "";
    for (uint64_t i = 0; i < 2000; i++) {
        struct qmon_event *event = qmon_event_new(NOW_NS + i * 1000);
        cr_assert(eq(int, event->id[14], '7'));
        cr_assert(ne(ptr, strchr("89ab", event->id[19]), NULL));
        cr_assert(lt(str, previous, event->id));
        strcpy(previous, event->id);
        if (i == 0) {
            char ms[13];
            memcpy(ms, event->id, 8);
            memcpy(ms + 8, event->id + 9, 4);
            ms[12] = '\0';
            cr_expect(eq(u64, strtoull(ms, NULL, 16), NOW_NS / 1000000));
        }
        qmon_event_free(event);
    }
}

Test(event, gives_zeroed_memory_of_every_size_and_alignment, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    for (size_t bytes = 0; bytes < 3000000; bytes = bytes * 2 + 1) {
        unsigned char *memory = qmon_event_alloc(event, bytes);
        cr_assert(ne(ptr, memory, NULL));
        cr_assert(eq(sz, (size_t) memory % _Alignof(max_align_t), 0));
        for (size_t i = 0; i < bytes; i++)
            if (memory[i])
                cr_fatal("byte %zu of %zu is not zero", i, bytes);
        memset(memory, 0xff, bytes);
    }
    cr_expect(eq(ptr, qmon_event_alloc(event, SIZE_MAX), NULL));
    cr_expect(eq(ptr, qmon_event_alloc(event, SIZE_MAX / 2 + 1), NULL));
    qmon_event_free(event);
}

Test(event, text_keeps_what_is_valid_and_replaces_the_rest, .timeout = 10) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain\n\ttext", "plain\n\ttext"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\x1b[31mb\r\x7f", "a" REPLACED "[31mb" REPLACED REPLACED},
        {"\xff\xfe", REPLACED REPLACED},
        {"\xc0\x80", REPLACED REPLACED},              /* overlong NUL */
        {"\xc1\xbf", REPLACED REPLACED},              /* overlong DEL */
        {"\xe0\x9f\xbf", REPLACED REPLACED REPLACED}, /* overlong */
        {"\xed\xa0\x80", REPLACED REPLACED REPLACED}, /* a surrogate */
        {"\xf0\x8f\xbf\xbf", REPLACED REPLACED REPLACED REPLACED},
        {"\xf4\x90\x80\x80", REPLACED REPLACED REPLACED REPLACED}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", REPLACED REPLACED REPLACED REPLACED},
        {"\xc2\x9b"
         "31m",
         REPLACED REPLACED "31m"}, /* the C1 control sequence introducer */
        {"\xc2\xa0", "\xc2\xa0"},
        {"cut \xe2\x82", "cut " REPLACED REPLACED},
        {"\xc3(", REPLACED "("},
    };
    struct qmon_event *event = qmon_event_new(NOW_NS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(qmon_event_text(event, cases[i].in), cases[i].out, "case %zu", i);
    cr_expect(eq(ptr, (void *) qmon_event_text(event, NULL), NULL));
    qmon_event_free(event);
}

Test(event, text_of_limited_length_does_not_cut_a_character, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    const char *text = "a\xe2\x82\xac"
                       "b"; /* a, euro sign, b */
    static const char *const expected[] = {"",
                                           "a",
                                           "a",
                                           "a",
                                           "a\xe2\x82\xac",
                                           "a\xe2\x82\xac"
                                           "b",
                                           "a\xe2\x82\xac"
                                           "b"};
    for (size_t max = 0; max < 7; max++)
        cr_expect_str_eq(qmon_event_text_n(event, text, max), expected[max], "at most %zu", max);
    char unterminated[4] = {'a', 'b', 'c', 'd'};
    cr_expect_str_eq(qmon_event_text_n(event, unterminated, 4), "abcd");
    cr_expect(eq(ptr, (void *) qmon_event_text_n(event, NULL, 4), NULL));
    qmon_event_free(event);
}

Test(event, formats_short_and_long_text_and_cleans_it, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    cr_expect_str_eq(qmon_event_format(event, "%d %s", 7, "x\x01y"), "7 x" REPLACED "y");
    char long_text[5001];
    memset(long_text, 'z', 5000);
    long_text[5000] = '\0';
    const char *formatted = qmon_event_format(event, "<%s>", long_text);
    cr_expect(eq(sz, strlen(formatted), 5002));
    cr_expect(eq(int, formatted[5001], '>'));
    qmon_event_free(event);
}

Test(event, notes_are_kept_once_and_limited, .timeout = 10) {
    struct qmon_event *event = qmon_event_new(NOW_NS);
    for (int i = 0; i < 3; i++)
        qmon_event_note(event, "the same");
    cr_expect(eq(sz, event->note_count, 1));
    for (int i = 0; i < 1000; i++)
        qmon_event_note(event, "note %d", i);
    cr_expect(eq(sz, event->note_count, 64));
    cr_expect_str_eq(event->notes[0], "the same");
    cr_expect_str_eq(event->notes[63], "note 62");
    qmon_event_free(event);
}

Test(event, severities_are_read_from_many_vocabularies, .timeout = 10) {
    cr_expect(eq(int, qmon_severity_parse("LOW"), QMON_SEVERITY_INFO));
    cr_expect(eq(int, qmon_severity_parse("Medium"), QMON_SEVERITY_WARNING));
    cr_expect(eq(int, qmon_severity_parse("HIGH"), QMON_SEVERITY_ERROR));
    cr_expect(eq(int, qmon_severity_parse("CRITICAL"), QMON_SEVERITY_CRITICAL));
    cr_expect(eq(int, qmon_severity_parse("warn"), QMON_SEVERITY_WARNING));
    cr_expect(eq(int, qmon_severity_parse("FATAL"), QMON_SEVERITY_CRITICAL));
    cr_expect(eq(int, qmon_severity_parse("debug"), QMON_SEVERITY_INFO));
    cr_expect(eq(int, qmon_severity_parse("severe"), -1));
    cr_expect(eq(int, qmon_severity_parse(""), -1));
    cr_expect(eq(int, qmon_severity_parse(NULL), -1));
    for (int severity = 0; severity <= QMON_SEVERITY_CRITICAL; severity++)
        cr_expect(eq(int, qmon_severity_parse(qmon_severity_name((enum qmon_severity) severity)), severity));
    cr_expect(eq(ptr, (void *) qmon_severity_name((enum qmon_severity) 99), NULL));
    cr_expect(eq(ptr, (void *) qmon_kind_name((enum qmon_kind) 4), NULL));
    cr_expect(eq(ptr, (void *) qmon_role_name((enum qmon_frame_role) 4), NULL));
}
