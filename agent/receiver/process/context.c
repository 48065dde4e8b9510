#include "context.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/render.h>

#include "oom.h"
#include "procfs.h"

#define LIMITS_KEPT 10u

void qmon__context_of_crash(struct qmon_event *event, const struct qmon_record_crash *crash, uint32_t stage,
                            uint64_t program_counter) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * QMON_CRASH_CODE_BYTES + 1];
    if (stage < QMON_STAGE_SIGNAL)
        return;
    if (crash->error_number > 0) {
        event->context.error_number = (uint32_t) crash->error_number;
        event->context.error_name = strerrorname_np(crash->error_number);
    }
    if (stage < QMON_STAGE_STACK || crash->code_byte_count == 0 || program_counter < crash->code_start ||
        program_counter - crash->code_start >= crash->code_byte_count)
        return;
    for (uint32_t i = 0; i < crash->code_byte_count; i++) {
        text[2 * i] = digits[crash->code_bytes[i] >> 4];
        text[2 * i + 1] = digits[crash->code_bytes[i] & 0xf];
    }
    text[2 * crash->code_byte_count] = '\0';
    event->context.code = qmon_event_text(event, text);
    event->context.code_address = crash->code_start;
}

/* "VmRSS:	    1234 kB" */
static uint64_t status_number(const char *text, const char *name) {
    size_t bytes = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, bytes) == 0 && line[bytes] == ':')
            return strtoull(line + bytes + 1, NULL, 10);
    }
    return 0;
}

void qmon__parse_status(struct qmon_event *event, const char *text) {
    event->context.threads = (uint32_t) status_number(text, "Threads");
    event->context.virtual_bytes = status_number(text, "VmSize") * 1024;
    event->context.resident_bytes = status_number(text, "VmRSS") * 1024;
    event->context.resident_peak_bytes = status_number(text, "VmHWM") * 1024;
    event->context.swapped_bytes = status_number(text, "VmSwap") * 1024;
}

static const struct limit {
    const char *line, *name;
    bool bytes;
} limits[] = {
    {"Max cpu time", "cpu seconds", false},
    {"Max file size", "file size", true},
    {"Max data size", "data", true},
    {"Max stack size", "stack", true},
    {"Max core file size", "core file", true},
    {"Max resident set", "resident", true},
    {"Max processes", "processes", false},
    {"Max open files", "open files", false},
    {"Max locked memory", "locked memory", true},
    {"Max address space", "address space", true},
};
_Static_assert(sizeof limits / sizeof *limits == LIMITS_KEPT, "room for every limit");

static const struct limit *limit_of(const char *line) {
    for (size_t i = 0; i < LIMITS_KEPT; i++)
        if (strncmp(line, limits[i].line, strlen(limits[i].line)) == 0)
            return &limits[i];
    return NULL;
}

static void add_limit(struct qmon_event *event, const struct limit *limit, uint64_t value) {
    char words[QMON_RENDER_BYTES_TEXT];
    if (limit->bytes)
        qmon_render_bytes(value, words, sizeof words);
    else
        qmon_render_number(value, words, sizeof words);
    const char *text = qmon_event_text(event, words);
    if (text != NULL)
        event->context.limits[event->context.limit_count++] = (struct qmon_pair){limit->name, text};
}

void qmon__parse_limits(struct qmon_event *event, const char *text) {
    event->context.limits = qmon_event_alloc(event, LIMITS_KEPT * sizeof *event->context.limits);
    for (const char *line = text; event->context.limits != NULL && line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const struct limit *limit = limit_of(line);
        if (limit == NULL || event->context.limit_count == LIMITS_KEPT)
            continue;
        char *end;
        uint64_t value = strtoull(line + strlen(limit->line), &end, 10);
        if (end == line + strlen(limit->line)) /* "unlimited" */
            continue;
        if (strcmp(limit->name, "open files") == 0)
            event->context.descriptor_limit = value;
        else
            add_limit(event, limit, value);
    }
}

void qmon__context_of_process(struct qmon_event *event, uint32_t live_pid) {
    char text[4096];
    if (live_pid == 0)
        return;
    if (qmon__proc_read(live_pid, "status", text, sizeof text) > 0)
        qmon__parse_status(event, text);
    if (qmon__proc_read(live_pid, "limits", text, sizeof text) > 0)
        qmon__parse_limits(event, text);
    qmon__group_memory(live_pid, &event->context.group_used_bytes, &event->context.group_limit_bytes);
    qmon__add_descriptors(event, live_pid);
}
