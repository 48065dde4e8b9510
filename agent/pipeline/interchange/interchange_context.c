/* interchange_context.c: what a crash's process was like, as names and values that every format can take. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#include "interchange.h"

#define VALUE_BYTES 400u
#define REGISTERS 64u

bool qmon__split_runtime(const struct qmon_event *event, char ret_name[QMON__RUNTIME_BYTES],
                         char ret_version[QMON__RUNTIME_BYTES]) {
    const char *runtime = event->process.runtime;
    size_t name = runtime ? strcspn(runtime, " ") : 0;
    if (!name)
        return false;
    snprintf(ret_name, QMON__RUNTIME_BYTES, "%.*s", (int) (name < 60 ? name : 60), runtime);
    snprintf(ret_version, QMON__RUNTIME_BYTES, "%s", runtime[name] ? runtime + name + 1 : "");
    return true;
}

static void give_text(qmon__context_visit *visit, void *context, const char *key, const char *text) {
    if (text && *text)
        visit(context, &(struct qmon__context_fact){.key = key, .text = text});
}

static void give_number(qmon__context_visit *visit, void *context, const char *key, uint64_t number) {
    if (number)
        visit(context, &(struct qmon__context_fact){.key = key, .number = number});
}

static void give_pairs(qmon__context_visit *visit, void *context, const char *key, const struct qmon_pair *pairs,
                       size_t count) {
    char value[VALUE_BYTES] = "";
    struct qmon_text text;
    qmon_text_begin(&text, value, sizeof value);
    for (size_t i = 0; i < count; i++) {
        qmon_text_add(&text, i ? ", " : "");
        qmon_text_line(&text, pairs[i].key ? pairs[i].key : "", 40, QMON_CUT_END);
        qmon_text_add(&text, " ");
        qmon_text_line(&text, pairs[i].value ? pairs[i].value : "", 40, QMON_CUT_END);
    }
    give_text(visit, context, key, value);
}

static void give_code(const struct qmon_event *event, qmon__context_visit *visit, void *context) {
    char value[VALUE_BYTES];
    if (!event->context.code)
        return;
    snprintf(value, sizeof value, "0x%" PRIx64 ": %.300s", event->context.code_address, event->context.code);
    give_text(visit, context, "code", value);
}

void qmon__each_context(const struct qmon_event *event, qmon__context_visit *visit, void *context) {
    give_text(visit, context, "errno", event->context.error_name);
    give_number(visit, context, "threads", event->context.threads);
    give_number(visit, context, "resident_bytes", event->context.resident_bytes);
    give_number(visit, context, "resident_peak_bytes", event->context.resident_peak_bytes);
    give_number(visit, context, "virtual_bytes", event->context.virtual_bytes);
    give_number(visit, context, "swapped_bytes", event->context.swapped_bytes);
    give_number(visit, context, "group_used_bytes", event->context.group_used_bytes);
    give_number(visit, context, "group_limit_bytes", event->context.group_limit_bytes);
    give_number(visit, context, "descriptors", event->context.descriptors);
    give_number(visit, context, "descriptor_limit", event->context.descriptor_limit);
    give_pairs(visit, context, "descriptor_kinds", event->context.descriptor_kinds,
               event->context.descriptor_kind_count);
    give_pairs(visit, context, "limits", event->context.limits, event->context.limit_count);
    give_code(event, visit, context);
}

void qmon__each_register(const struct qmon_event *event, qmon__context_visit *visit, void *context) {
    for (size_t i = 0; i < event->register_count && i < REGISTERS; i++) {
        const struct qmon_register *reg = &event->registers[i];
        char value[VALUE_BYTES];
        struct qmon_text text;
        if (!reg->name)
            continue;
        qmon_text_begin(&text, value, sizeof value);
        qmon_text_format(&text, "0x%" PRIx64, reg->value);
        if (reg->points_to) {
            qmon_text_add(&text, ", ");
            qmon_text_line(&text, reg->points_to, 200, QMON_CUT_END);
        }
        give_text(visit, context, reg->name, value);
    }
}
