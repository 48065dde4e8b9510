#include <stdio.h>
#include <string.h>

#include "sample_event.h"

#define NOON_NS UINT64_C(1732104180000000000) /* 2024-11-20 12:03:00 UTC */

static void sample_begin(struct sample *sample) {
    struct qmon_event *event = &sample->event;

    memset(sample, 0, sizeof *sample);
    strcpy(event->id, "01934a1c-7e10-7a2b-8c3d-4e5f60718293");
    strcpy(event->fingerprint, "00112233445566778899aabbccddeeff");
    event->time_ns = NOON_NS + UINT64_C(61000000000);
    event->origin = SIZE_MAX;
    event->service.name = "checkout";
    event->service.stage = "production";
    event->service.version = "1.4.2";
    event->host.name = "web-7";
    event->process.pid = 4711;
    event->process.executable = "/usr/bin/checkout";
    event->process.command_line = "checkout --port 8080";
    event->process.root = true;
    event->occurrences.total = 1;
    event->occurrences.source = "redis";
    event->occurrences.first_seen_ns = event->occurrences.last_seen_ns = event->time_ns;
}

static void with_thread(struct sample *sample, const char *name, bool crashed) {
    sample->thread.frames = sample->frames;
    sample->thread.tid = 4711;
    sample->thread.name = name;
    sample->thread.crashed = crashed;
    sample->event.threads = &sample->thread;
    sample->event.thread_count = 1;
}

void sample_crash(struct sample *sample) {
    struct qmon_event *event = &sample->event;

    sample_begin(sample);
    with_thread(sample, "worker", true);
    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->title = "SIGSEGV in parse_header (http.c:212)";
    event->message = "Read of address 0x8: a null pointer was dereferenced, 8 bytes into what it should point to.";
    event->code = "SIGSEGV";
    event->signal.number = 11;
    event->signal.name = "SIGSEGV";
    event->signal.code = 1;
    event->signal.code_name = "SEGV_MAPERR";
    event->signal.code_text = "address not mapped";
    event->signal.address = 8;
    event->signal.has_address = true;
    event->cause.kind = "null-dereference";
    event->cause.detail = "rdi is 0";
}

struct qmon_frame *sample_frame(struct sample *sample, enum qmon_frame_role role, const char *function,
                                const char *file, uint32_t line) {
    static const char *const modules[] = {"/usr/bin/checkout", "/usr/lib/libstdc++.so.6", "/usr/lib/libc.so.6",
                                          "/opt/qmon/lib/libqmon.so"};
    size_t at = sample->thread.frame_count++;
    struct qmon_frame *frame = &sample->frames[at];

    *frame = (struct qmon_frame){.index = (uint32_t) at, .pc = 0x555500001000 + at * 16, .offset = 0x1000 + at * 16};
    frame->role = role;
    frame->module = modules[role];
    frame->function = function;
    frame->function_offset = function ? 0x1c : 0;
    frame->file = file;
    frame->line = line;
    frame->in_app = role == QMON_ROLE_APP;
    if (frame->in_app && sample->event.origin == SIZE_MAX)
        sample->event.origin = at;
    return frame;
}

void sample_trace(struct sample *sample) {
    sample_frame(sample, QMON_ROLE_LIBC, "__strlen_avx2", NULL, 0);
    sample_frame(sample, QMON_ROLE_LIBC, "vfprintf", NULL, 0);
    sample_frame(sample, QMON_ROLE_APP, "trim", "/srv/build/src/text.h", 31)->inlined = true;
    sample_frame(sample, QMON_ROLE_APP, "parse_header", "/srv/build/src/http.c", 212);
    sample_frame(sample, QMON_ROLE_APP, "serve", "/srv/build/src/http.c", 507);
    sample_frame(sample, QMON_ROLE_APP, "main", "/srv/build/src/main.c", 88);
    sample_frame(sample, QMON_ROLE_LIBC, "__libc_start_call_main", NULL, 0);
    sample_frame(sample, QMON_ROLE_LIBC, "__libc_start_main", NULL, 0);
    sample_frame(sample, QMON_ROLE_LIBC, "_start", NULL, 0);
    for (uint32_t i = 2; i < sample->thread.frame_count; i++)
        sample->frames[i].index = i == 2 ? 2 : i - 1;
}

void sample_startup(struct sample *sample) {
    struct qmon_event *event = &sample->event;

    sample_begin(sample);
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = QMON_SEVERITY_INFO;
    event->title = "checkout started";
    event->message = "checkout 1.4.2 started on web-7.";
    event->lifecycle.phase = "startup";
}

void sample_error(struct sample *sample) {
    static struct qmon_pair extra[] = {{"order", "A-1993"}, {"amount", "12.50"}};
    struct qmon_event *event = &sample->event;

    sample_begin(sample);
    with_thread(sample, "checkout", false);
    sample_trace(sample);
    event->kind = QMON_KIND_ERROR;
    event->severity = QMON_SEVERITY_ERROR;
    event->title = "404 at /api/users";
    event->message = "User not found";
    event->code = "404";
    event->report.endpoint = "/api/users";
    event->report.user_id = "u-17";
    event->report.extra = extra;
    event->report.extra_count = 2;
}

void sample_hostile(struct sample *sample) {
    static char name[3072], bad[400];
    static struct qmon_pair extra[40];
    struct qmon_event *event = &sample->event;
    const char *scare =
        "<!channel> & <@U012AB3CD> <https://evil.example|click> ```code``` `x` *b* _i_ ~s~ :smile: @here\n> q";

    sample_crash(sample);
    for (size_t i = 0; i + 1 < sizeof name; i++)
        name[i] = "<&>`\"\\x"[i % 7];
    snprintf(bad, sizeof bad, "%s \xff\xfe\xc3(\xed\xa0\x80 \x1b[31m \xe2\x80\xae %s", scare, scare);
    for (int i = 0; i < 512; i++) {
        struct qmon_frame *frame = sample_frame(sample, QMON_ROLE_APP, i % 3 ? name : name + i, name, (uint32_t) i);
        frame->omitted_after = i == 255 ? UINT64_MAX / 2 : 0;
        frame->inlined = i % 5 == 0;
        frame->guess = i % 4 == 0;
        frame->language = bad;
        frame->module = bad;
    }
    for (size_t i = 0; i < 40; i++)
        extra[i] = (struct qmon_pair){i % 2 ? bad : name, i % 2 ? name : bad};
    event->title = event->message = event->code = event->cause.kind = event->cause.detail = bad;
    event->signal.name = event->signal.code_name = event->signal.code_text = bad;
    event->exception.type = name;
    event->exception.message = bad;
    event->process.executable = event->process.command_line = event->process.working_directory = name;
    event->service.name = event->service.version = event->service.stage = event->service.instance = bad;
    event->host.name = event->host.kernel = event->host.container_id = name;
    event->report.endpoint = event->report.user_id = bad;
    event->report.extra = extra;
    event->report.extra_count = 40;
    event->report.dropped = UINT64_MAX;
    event->occurrences.suppressed = event->occurrences.total = UINT64_MAX;
    event->occurrences.first_seen_ns = UINT64_MAX;
    event->occurrences.source = bad;
    sample->thread.name = sample->thread.state = sample->thread.unwind_note = name;
    static const char *notes[40];
    for (size_t i = 0; i < 40; i++)
        notes[i] = i % 2 ? bad : name;
    event->notes = notes;
    event->note_count = 40;
}
