/* event_json_write.c: an event as one line of JSON, along the tables of event_shape.c. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "event_shape.h"
#include "internal.h"
#include "text_buffer.h"

#define PAIRS_COMPARED 256u

static void write_object(struct qmon__buffer *out, const struct qmon__shape *shape, const char *base, bool *ret_any);

static size_t length_at(const char *base, const struct qmon__member *member) {
    return *(const size_t *) (base + member->other);
}

/* Pointers of many types go through here; all object pointers look alike on the machines we know. */
static const void *pointer_at(const char *field) {
    const void *pointer;
    memcpy(&pointer, field, sizeof pointer);
    return pointer;
}

static bool any_target(const struct qmon_register *registers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (registers[i].points_to)
            return true;
    return false;
}

/* Is there anything to write? ALWAYS members say so of themselves only when they are not zero. */
static bool is_set(const struct qmon__member *member, const char *base) {
    const char *field = base + member->offset;
    switch (member->type) {
    case QMON__TEXT:
        return *(const char *const *) field != NULL;
    case QMON__ID:
    case QMON__DIGEST:
        return *field != '\0';
    case QMON__I32:
        return *(const int *) field != 0;
    case QMON__U32:
        return *(const uint32_t *) field != 0;
    case QMON__U64:
    case QMON__HEX:
    case QMON__TIME:
        return *(const uint64_t *) field != 0;
    case QMON__SIZE:
        return *(const size_t *) field != SIZE_MAX;
    case QMON__BOOL:
        return *(const bool *) field;
    case QMON__TARGETS:
        return any_target(pointer_at(field), length_at(base, member));
    case QMON__ARRAY:
    case QMON__TEXTS:
    case QMON__PAIRS:
    case QMON__REGISTERS:
        return length_at(base, member) != 0;
    case QMON__OBJECT:
    case QMON__SCHEMA:
    case QMON__KIND:
    case QMON__SEVERITY:
    case QMON__ROLE:
        break;
    }
    return true;
}

static bool is_wanted(const struct qmon__member *member, const char *base) {
    switch (member->when) {
    case QMON__IF_SET:
        return is_set(member, base);
    case QMON__ALWAYS:
        break;
    case QMON__IF_BOOL:
        return *(const bool *) (base + member->other);
    case QMON__IF_U32:
        return *(const uint32_t *) (base + member->other) != 0;
    }
    return true;
}

/* Frames are most of an event, and those of one place are always the same. */
static const char *text_known(const struct qmon__member *member, const char *base) {
    const struct qmon_thread *thread = (const void *) base;
    if (member->shape != &qmon__frame_shape || member->offset != offsetof(struct qmon_thread, frames))
        return NULL;
    return thread->same_as ? "[]" : thread->frames_json;
}

static void write_array(struct qmon__buffer *out, const struct qmon__member *member, const char *base) {
    const char *known = text_known(member, base);
    if (known) {
        qmon__buffer_string(out, known);
        return;
    }
    const char *items = pointer_at(base + member->offset);
    bool any;
    qmon__buffer_byte(out, '[');
    for (size_t i = 0; i < length_at(base, member); i++) {
        if (i)
            qmon__buffer_byte(out, ',');
        write_object(out, member->shape, items + i * member->shape->bytes, &any);
    }
    qmon__buffer_byte(out, ']');
}

static void write_texts(struct qmon__buffer *out, const char *const *texts, size_t count) {
    qmon__buffer_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            qmon__buffer_byte(out, ',');
        qmon__buffer_json(out, texts[i] ? texts[i] : "");
    }
    qmon__buffer_byte(out, ']');
}

static void write_key(struct qmon__buffer *out, const char *key, bool *first) {
    if (!*first)
        qmon__buffer_byte(out, ',');
    *first = false;
    qmon__buffer_json(out, key);
    qmon__buffer_byte(out, ':');
}

/* A key of the tables, which are short and need no escapes. */
static void write_member_key(struct qmon__buffer *out, const char *key, bool *first) {
    char text[64];
    size_t bytes = strlen(key), used = 0;
    if (!*first)
        text[used++] = ',';
    *first = false;
    text[used++] = '"';
    if (bytes > sizeof text - 4)
        bytes = sizeof text - 4;
    memcpy(text + used, key, bytes);
    used += bytes;
    text[used++] = '"';
    text[used++] = ':';
    qmon__buffer_add(out, text, used);
}

/* A key that was there before gets its number, since JSON readers keep only one of two equal names. */
static void write_pair_key(struct qmon__buffer *out, const struct qmon_pair *pairs, size_t at, bool *first) {
    const char *key = pairs[at].key ? pairs[at].key : "";
    uint64_t before = 0;
    for (size_t i = 0; i < at && at < PAIRS_COMPARED; i++)
        before += !strcmp(pairs[i].key ? pairs[i].key : "", key);
    if (!before) {
        write_key(out, key, first);
        return;
    }
    struct qmon__buffer numbered = {0};
    qmon__buffer_string(&numbered, key);
    qmon__buffer_string(&numbered, " (");
    qmon__buffer_decimal(&numbered, before + 1);
    qmon__buffer_byte(&numbered, ')');
    char *text = qmon__buffer_take(&numbered);
    if (text)
        write_key(out, text, first);
    else
        out->failed = true;
    free(text);
}

static void write_pairs(struct qmon__buffer *out, const struct qmon_pair *pairs, size_t count) {
    bool first = true;
    qmon__buffer_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        write_pair_key(out, pairs, i, &first);
        qmon__buffer_json(out, pairs[i].value ? pairs[i].value : "");
    }
    qmon__buffer_byte(out, '}');
}

static void write_registers(struct qmon__buffer *out, const struct qmon_register *registers, size_t count,
                            bool targets) {
    bool first = true;
    qmon__buffer_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (targets && !registers[i].points_to)
            continue;
        write_key(out, registers[i].name ? registers[i].name : "", &first);
        if (targets)
            qmon__buffer_json(out, registers[i].points_to);
        else
            qmon__buffer_hex(out, registers[i].value);
    }
    qmon__buffer_byte(out, '}');
}

static void write_time(struct qmon__buffer *out, uint64_t time_ns) {
    char text[QMON__TIME_BYTES];
    qmon__time_text(time_ns, text);
    qmon__buffer_json(out, text);
}

static void write_name(struct qmon__buffer *out, const char *name) {
    qmon__buffer_json(out, name ? name : "");
}

static void write_scalar(struct qmon__buffer *out, const struct qmon__member *member, const char *field) {
    switch (member->type) {
    case QMON__I32:
        qmon__buffer_signed(out, *(const int *) field);
        break;
    case QMON__U32:
        qmon__buffer_decimal(out, *(const uint32_t *) field);
        break;
    case QMON__U64:
        qmon__buffer_decimal(out, *(const uint64_t *) field);
        break;
    case QMON__SIZE:
        qmon__buffer_decimal(out, *(const size_t *) field);
        break;
    case QMON__HEX:
        qmon__buffer_hex(out, *(const uint64_t *) field);
        break;
    case QMON__TIME:
        write_time(out, *(const uint64_t *) field);
        break;
    case QMON__BOOL:
        qmon__buffer_string(out, *(const bool *) field ? "true" : "false");
        break;
    case QMON__KIND:
        write_name(out, qmon_kind_name(*(const enum qmon_kind *) field));
        break;
    case QMON__SEVERITY:
        write_name(out, qmon_severity_name(*(const enum qmon_severity *) field));
        break;
    case QMON__ROLE:
        write_name(out, qmon_role_name(*(const enum qmon_frame_role *) field));
        break;
    default:
        qmon__buffer_string(out, "null");
        break;
    }
}

static void write_value(struct qmon__buffer *out, const struct qmon__member *member, const char *base) {
    const char *field = base + member->offset;
    switch (member->type) {
    case QMON__SCHEMA:
        qmon__buffer_json(out, QMON_EVENT_SCHEMA);
        break;
    case QMON__TEXT:
        write_name(out, pointer_at(field));
        break;
    case QMON__ID:
    case QMON__DIGEST:
        qmon__buffer_json(out, field);
        break;
    case QMON__ARRAY:
        write_array(out, member, base);
        break;
    case QMON__TEXTS:
        write_texts(out, pointer_at(field), length_at(base, member));
        break;
    case QMON__PAIRS:
        write_pairs(out, pointer_at(field), length_at(base, member));
        break;
    case QMON__REGISTERS:
    case QMON__TARGETS:
        write_registers(out, pointer_at(field), length_at(base, member), member->type == QMON__TARGETS);
        break;
    default:
        write_scalar(out, member, field);
        break;
    }
}

static void write_member(struct qmon__buffer *out, const struct qmon__member *member, const char *base, bool *first,
                         bool *any) {
    size_t length = out->length;
    bool was_first = *first, any_inside;
    if (!is_wanted(member, base))
        return;
    write_member_key(out, member->name, first);
    if (member->type != QMON__OBJECT) {
        write_value(out, member, base);
        *any |= member->when != QMON__ALWAYS || is_set(member, base);
        return;
    }
    write_object(out, member->shape, base + member->offset, &any_inside);
    *any |= any_inside;
    if (!any_inside) { /* nothing worth an object: as if it had not been begun */
        out->length = length;
        *first = was_first;
    }
}

static void write_object(struct qmon__buffer *out, const struct qmon__shape *shape, const char *base, bool *ret_any) {
    bool first = true, any = false;
    qmon__buffer_byte(out, '{');
    for (size_t i = 0; i < shape->count; i++)
        write_member(out, &shape->members[i], base, &first, &any);
    qmon__buffer_byte(out, '}');
    *ret_any = any;
}

char *qmon_event_frames_json(const struct qmon_thread *thread) {
    struct qmon__buffer out = {0};
    bool any;
    qmon__buffer_byte(&out, '[');
    for (size_t i = 0; i < thread->frame_count; i++) {
        if (i)
            qmon__buffer_byte(&out, ',');
        write_object(&out, &qmon__frame_shape, (const char *) &thread->frames[i], &any);
    }
    qmon__buffer_byte(&out, ']');
    return qmon__buffer_take(&out);
}

char *qmon_event_to_json(const struct qmon_event *event) {
    struct qmon__buffer out = {0};
    bool any;
    write_object(&out, &qmon__event_shape, (const char *) event, &any);
    return qmon__buffer_take(&out);
}
