/*
 * The reader of records. The input changes a good record: pieces of 3 bytes offset, 1 byte length, then as many bytes. From
 * what comes out every kind of event is made, as a receiver would.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "oom.h"
#include "procfs.h"
#include "record_file.h"
#include "report.h"
#include "ring.h"
#include "threads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The redactor has a fuzz target of its own, and takes most of the time. */
const char *qmon_redact(struct qmon_event *event, const char *text) {
    return qmon_event_text(event, text);
}

const char *qmon_redact_command_line(struct qmon_event *event, const char *bytes, size_t count) {
    return qmon_event_text_n(event, bytes, count);
}

static struct qmon_record record;

static void make_good(void) {
    memset(&record, 0, sizeof record);
    record.header = (struct qmon_record_header){.magic = QMON_RECORD_MAGIC,
                                                .version = QMON_RECORD_VERSION,
                                                .bytes = QMON_RECORD_BYTES,
                                                .state = QMON_STATE_SEALED};
    record.process.pid = 71;
    record.process.command_line_bytes = 9;
    memcpy(record.process.command_line, "a\0--key=b", 9);
    strcpy(record.process.executable, "/usr/bin/victim");
    record.crash.signal = 11;
    record.crash.code = 1;
    record.crash.stage = QMON_STAGE_SEALED;
    record.crash.register_count = QMON_X86_COUNT;
    record.crash.frame_count_inner = 3;
    record.crash.frame_count_outer = 2;
    record.crash.frames_between = 5;
    strcpy(record.crash.exception_type, "St9exception");
    record.modules.count = 2;
    record.modules.path_bytes = 8;
    memcpy(record.modules.paths, "/a/b.so\n", 8);
    for (uint32_t i = 0; i < 2; i++)
        record.modules.entries[i] = (struct qmon_record_module){
            .start = 0x1000 * i, .end = 0x1000 * (i + 1), .path_bytes = 7, .build_id_bytes = 20};
    for (uint32_t i = 0; i < 3; i++) {
        record.crumbs.entries[i].sequence = i + 1;
        strcpy(record.crumbs.entries[i].text, "crumb");
        record.ring.slots[i] = (struct qmon_ring_slot){
            .sequence = i + 1, .frame_count = 2, .code_bytes = 2, .message_bytes = 4, .extra_bytes = 4};
        memcpy(record.ring.slots[i].text, "E1textk\0v\0", 10);
    }
    record.ring.head = 3;
    record.threads.count = 2;
    for (uint16_t i = 0; i < 2; i++) {
        record.threads.entries[i] =
            (struct qmon_record_thread){.tid = 72u + i, .first = i, .frame_count = 1, .state = 'S', .name = "worker"};
        record.threads.frames[i] = 0x1000u * i;
    }
}

static void change(const uint8_t *data, size_t size) {
    while (size >= 4) {
        size_t offset = ((size_t) data[0] << 16 | (size_t) data[1] << 8 | data[2]) % sizeof record;
        size_t count = data[3];
        data += 4;
        size -= 4;
        if (count > size)
            count = size;
        if (count > sizeof record - offset)
            count = sizeof record - offset;
        memcpy((char *) &record + offset, data, count);
        data += count;
        size -= count;
    }
}

static void finish(int error, struct qmon__report *report) {
    if (error < 0)
        return;
    free(qmon_event_to_json(report->event));
    qmon_event_free(report->event);
}

static void make_events(void) {
    struct qmon__report report;
    char reason[256], evidence[200] = "";
    const struct qmon__death death = {.signal = (int) record.end.signal, .found_ns = 1, .evidence = evidence};
    const int error = qmon__crash_event(&record, 1, 0, &report);
    if (error == 0)
        qmon__add_kept_threads(report.event, &record);
    finish(error, &report);
    finish(qmon__exit_event(&record, record.end.status & 0xff, record.end.real_ns, 0, &report), &report);
    finish(qmon__lost_event(&record, &death, &report), &report);
    qmon__end_reason(&record, reason, sizeof reason);
    finish(qmon__lifecycle_event(&record, QMON__PHASE_SHUTDOWN, reason, record.end.real_ns, 0, &report), &report);
    qmon__crash_reason(&record, reason, sizeof reason);
    struct qmon_event *base = qmon_event_new(1);
    qmon__modules_of_record(base, &record.modules);
    qmon__modules_are_on_disk(base, &record.modules);
    for (uint32_t i = 0; i < 4; i++) {
        qmon__ring_sanitize(&record.ring.slots[i]);
        finish(qmon__ring_event(&record, base, &record.ring.slots[i], i, &report), &report);
    }
    qmon_event_free(base);
}

/* The other texts from outside that a receiver reads. */
static void read_texts(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    struct qmon__proc_stat stat;
    uint64_t time_us;
    struct qmon_event *event = qmon_event_new(1);
    memcpy(text, data, size);
    text[size] = '\0';
    qmon__modules_of_maps(event, text);
    qmon__proc_parse_stat(text, &stat);
    qmon__kmsg_tells_of(text, 71, &time_us);
    qmon__oom_kills_in(text);
    qmon__find_container_id(text);
    qmon_event_free(event);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    make_good();
    change(data, size);
    if (qmon__record_header_problem(&record.header) == NULL) {
        qmon__record_sanitize(&record, ~0u);
        make_events();
    }
    read_texts(data, size);
    return 0;
}
