#include <string.h>

#include <criterion/criterion.h>

#include "trace_case.h"

#define MOST_FRAMES 700

struct qmon_event *trace_event(enum qmon_kind kind) {
    struct qmon_event *event = qmon_event_new(UINT64_C(1732104180000000000));

    cr_assert_not_null(event);
    event->kind = kind;
    event->process.pid = 4711;
    event->process.executable = "/usr/bin/shop";
    event->process.start_time_ns = UINT64_C(1732104100000000000);
    event->service.name = "shop";
    event->host.name = "web-7";
    event->threads = qmon_event_alloc(event, sizeof *event->threads);
    cr_assert_not_null(event->threads);
    event->thread_count = 1;
    event->threads[0].crashed = true;
    event->threads[0].frames = qmon_event_alloc(event, MOST_FRAMES * sizeof *event->threads[0].frames);
    cr_assert_not_null(event->threads[0].frames);
    event->origin = SIZE_MAX;
    return event;
}

struct qmon_event *trace_crash(int signal, int code) {
    struct qmon_event *event = trace_event(QMON_KIND_CRASH);

    event->signal.number = signal;
    event->signal.name = qmon_signal_name(signal);
    event->signal.code = code;
    event->signal.code_name = qmon_signal_code_name(signal, code);
    event->signal.code_text = qmon_signal_code_text(signal, code);
    event->signal.has_address = code > 0 && code != 128;
    event->code = event->signal.name;
    return event;
}

struct qmon_frame *trace_frame(struct qmon_event *event, enum qmon_frame_role role, const char *function) {
    static const char *const modules[] = {"/usr/bin/shop", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
                                          "/usr/lib/x86_64-linux-gnu/libc.so.6", "/opt/qmon/lib/libqmon.so"};
    struct qmon_thread *thread = &event->threads[0];
    size_t at = thread->frame_count++;

    cr_assert_lt(at, MOST_FRAMES);
    thread->frames[at] = (struct qmon_frame){.index = (uint32_t) at,
                                             .pc = 0x555500001000 + at * 16,
                                             .offset = 0x1000 + at * 16,
                                             .module = modules[role],
                                             .build_id = "0123456789abcdef",
                                             .function = function,
                                             .exact = at == 0,
                                             .role = role};
    if (role == QMON_ROLE_APP) {
        thread->frames[at].file = "/srv/build/src/shop.c";
        thread->frames[at].line = 10 + (uint32_t) at;
    }
    return &thread->frames[at];
}

void trace_app(struct qmon_event *event, const char *functions) {
    while (*functions) {
        size_t bytes = strcspn(functions, " ");
        trace_frame(event, QMON_ROLE_APP, qmon_event_text_n(event, functions, bytes));
        functions += bytes + (functions[bytes] == ' ');
    }
}

void trace_start(struct qmon_event *event) {
    trace_frame(event, QMON_ROLE_LIBC, "__libc_start_call_main");
    trace_frame(event, QMON_ROLE_LIBC, "__libc_start_main");
    trace_frame(event, QMON_ROLE_LIBC, "_start");
}

void trace_filter(struct qmon_event *event) {
    static const struct qmon_config nothing;

    cr_assert_null(qmon_filter(event, &nothing));
}
