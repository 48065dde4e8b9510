/*
 * event_json_read.c: an event from JSON, along the tables of event_shape.c. The text may come from anywhere: its size,
 * depth and the number of things in it are limited, and a member that we know must have the type that we gave it.
 * Members that we do not know are left alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_shape.h"
#include "internal.h"
#include "same_stack.h"

#define JSON_BYTES_MAX (64u * 1024 * 1024)
#define JSON_DEPTH_MAX 16
#define ITEMS_MAX (256u * 1024) /* array items and pairs in the whole event */
#define SCHEMA_FAMILY "qmon.event/"

struct reader {
    struct qmon_event *event;
    size_t items;
    char path[160]; /* of the member being read, for the error */
    char *error;
    size_t error_bytes;
};

static bool __attribute__((format(printf, 2, 3))) fail(struct reader *reader, const char *format, ...) {
    va_list arguments;
    int length = *reader->path ? snprintf(reader->error, reader->error_bytes, "%s: ", reader->path) : 0;
    va_start(arguments, format);
    vsnprintf(reader->error + length, reader->error_bytes - (size_t) length, format, arguments);
    va_end(arguments);
    return false;
}

static bool read_object(struct reader *reader, const struct qmon__shape *shape, struct json_object *json, char *base);

static bool is_a(struct reader *reader, struct json_object *json, enum json_type type) {
    if (json_object_is_type(json, type))
        return true;
    return fail(reader, "expected %s, found %s", json_type_to_name(type),
                json_type_to_name(json_object_get_type(json)));
}

static bool read_integer(struct reader *reader, struct json_object *json, int64_t low, uint64_t high,
                         uint64_t *ret_value) {
    if (!is_a(reader, json, json_type_int))
        return false;
    int64_t as_signed = json_object_get_int64(json);
    uint64_t as_unsigned = as_signed < 0 ? (uint64_t) as_signed : json_object_get_uint64(json);
    if (as_signed < low || (as_signed >= 0 && as_unsigned > high))
        return fail(reader, "the number %s is out of range", json_object_get_string(json));
    *ret_value = as_unsigned;
    return true;
}

static bool read_text(struct reader *reader, struct json_object *json, const char **ret_text) {
    if (!is_a(reader, json, json_type_string))
        return false;
    *ret_text = qmon_event_text(reader->event, json_object_get_string(json));
    return *ret_text ? true : fail(reader, "out of memory");
}

static bool read_hex(struct reader *reader, struct json_object *json, uint64_t *ret_value) {
    if (!is_a(reader, json, json_type_string))
        return false;
    const char *text = json_object_get_string(json);
    size_t digits = strncmp(text, "0x", 2) ? 0 : strspn(text + 2, "0123456789abcdefABCDEF");
    if (!digits || digits > 16 || text[2 + digits])
        return fail(reader, "expected \"0x\" and up to 16 hexadecimal digits");
    *ret_value = strtoull(text + 2, NULL, 16);
    return true;
}

static bool read_time(struct reader *reader, struct json_object *json, uint64_t *ret_time_ns) {
    if (!is_a(reader, json, json_type_string))
        return false;
    if (qmon__time_parse(json_object_get_string(json), ret_time_ns) < 0)
        return fail(reader, "expected an RFC 3339 time");
    return true;
}

static bool read_bool(struct reader *reader, struct json_object *json, bool *ret_value) {
    if (!is_a(reader, json, json_type_boolean))
        return false;
    *ret_value = json_object_get_boolean(json);
    return true;
}

/* Fixed-size texts of a known alphabet. */
static bool read_fixed(struct reader *reader, struct json_object *json, const char *alphabet, size_t low, size_t high,
                       char *ret_text) {
    if (!is_a(reader, json, json_type_string))
        return false;
    const char *text = json_object_get_string(json);
    size_t length = strlen(text);
    if (length < low || length > high || strspn(text, alphabet) != length)
        return fail(reader, "expected %zu characters of \"%s\"", high, alphabet);
    memcpy(ret_text, text, length + 1);
    return true;
}

static bool read_schema(struct reader *reader, struct json_object *json) {
    if (!is_a(reader, json, json_type_string))
        return false;
    const char *text = json_object_get_string(json);
    size_t family = strlen(SCHEMA_FAMILY);
    if (strncmp(text, SCHEMA_FAMILY, family))
        return fail(reader, "not an event of qmon");
    if (strcmp(text, QMON_EVENT_SCHEMA))
        return fail(reader, "written by a newer qmon: this one reads " QMON_EVENT_SCHEMA);
    return true;
}

typedef const char *name_of(unsigned value);
static const char *kind_name(unsigned value) {
    return qmon_kind_name((enum qmon_kind) value);
}
static const char *severity_name(unsigned value) {
    return qmon_severity_name((enum qmon_severity) value);
}
static const char *role_name(unsigned value) {
    return qmon_role_name((enum qmon_frame_role) value);
}

static bool read_name(struct reader *reader, struct json_object *json, name_of *name, unsigned *ret_value) {
    if (!is_a(reader, json, json_type_string))
        return false;
    for (unsigned value = 0; name(value); value++)
        if (!strcmp(name(value), json_object_get_string(json))) {
            *ret_value = value;
            return true;
        }
    return fail(reader, "not a name that belongs here");
}

/* Room for `count` more items of `bytes` each, or NULL with the error set. One spare, so that none is no special case. */
static void *new_items(struct reader *reader, size_t count, size_t bytes) {
    if (count > ITEMS_MAX - reader->items) {
        fail(reader, "more than %u items in one event", ITEMS_MAX);
        return NULL;
    }
    reader->items += count;
    void *items = qmon_event_alloc(reader->event, (count + 1) * bytes);
    if (!items)
        fail(reader, "out of memory");
    return items;
}

static bool read_array(struct reader *reader, const struct qmon__member *member, struct json_object *json, char *base) {
    if (!is_a(reader, json, json_type_array))
        return false;
    size_t count = json_object_array_length(json), path_length = strlen(reader->path);
    char *items = new_items(reader, count, member->shape->bytes);
    if (!items)
        return false;
    for (size_t i = 0; i < count; i++) {
        snprintf(reader->path + path_length, sizeof reader->path - path_length, "[%zu]", i);
        if (!read_object(reader, member->shape, json_object_array_get_idx(json, i), items + i * member->shape->bytes))
            return false;
        reader->path[path_length] = '\0';
    }
    memcpy(base + member->offset, &items, sizeof items);
    memcpy(base + member->other, &count, sizeof count);
    return true;
}

static bool read_texts(struct reader *reader, const struct qmon__member *member, struct json_object *json, char *base) {
    if (!is_a(reader, json, json_type_array))
        return false;
    size_t count = json_object_array_length(json);
    const char **texts = new_items(reader, count, sizeof *texts);
    for (size_t i = 0; texts && i < count; i++)
        if (!read_text(reader, json_object_array_get_idx(json, i), &texts[i]))
            return false;
    if (!texts)
        return false;
    memcpy(base + member->offset, &texts, sizeof texts);
    memcpy(base + member->other, &count, sizeof count);
    return true;
}

static bool read_pairs(struct reader *reader, const struct qmon__member *member, struct json_object *json, char *base) {
    struct qmon_event *event = reader->event;
    if (!is_a(reader, json, json_type_object))
        return false;
    struct qmon_pair *pairs = new_items(reader, (size_t) json_object_object_length(json), sizeof *pairs);
    if (!pairs)
        return false;
    size_t count = 0;
    json_object_object_foreach(json, key, value) {
        pairs[count].key = qmon_event_text(event, key);
        if (!pairs[count].key || !read_text(reader, value, &pairs[count].value))
            return pairs[count].key ? false : fail(reader, "out of memory");
        count++;
    }
    memcpy(base + member->offset, &pairs, sizeof pairs);
    memcpy(base + member->other, &count, sizeof count);
    return true;
}

static bool read_registers(struct reader *reader, struct json_object *json, struct qmon_event *event) {
    if (!is_a(reader, json, json_type_object))
        return false;
    struct qmon_register *registers = new_items(reader, (size_t) json_object_object_length(json), sizeof *registers);
    if (!registers)
        return false;
    size_t count = 0;
    json_object_object_foreach(json, key, value) {
        registers[count].name = qmon_event_text(event, key);
        if (!registers[count].name || !read_hex(reader, value, &registers[count].value))
            return registers[count].name ? false : fail(reader, "out of memory");
        count++;
    }
    event->registers = registers;
    event->register_count = count;
    return true;
}

/* Written after "registers", read after it: the tables' order, whatever the order in the text. */
static bool read_targets(struct reader *reader, struct json_object *json, struct qmon_event *event) {
    if (!is_a(reader, json, json_type_object))
        return false;
    for (size_t i = 0; i < event->register_count; i++) {
        struct json_object *target;
        if (json_object_object_get_ex(json, event->registers[i].name, &target) &&
            !read_text(reader, target, &event->registers[i].points_to))
            return false;
    }
    return true;
}

static bool read_small(struct reader *reader, const struct qmon__member *member, struct json_object *json,
                       char *field) {
    uint64_t number = 0;
    switch (member->type) {
    case QMON__I32:
        if (!read_integer(reader, json, INT32_MIN, INT32_MAX, &number))
            return false;
        *(int *) field = (int) (int64_t) number;
        return true;
    case QMON__U32:
        if (!read_integer(reader, json, 0, UINT32_MAX, &number))
            return false;
        *(uint32_t *) field = (uint32_t) number;
        return true;
    case QMON__SIZE:
        if (!read_integer(reader, json, 0, SIZE_MAX, &number))
            return false;
        *(size_t *) field = (size_t) number;
        return true;
    case QMON__KIND:
        return read_name(reader, json, kind_name, (unsigned *) field);
    case QMON__SEVERITY:
        return read_name(reader, json, severity_name, (unsigned *) field);
    case QMON__ROLE:
        return read_name(reader, json, role_name, (unsigned *) field);
    default:
        return fail(reader, "unreadable");
    }
}

static bool read_value(struct reader *reader, const struct qmon__member *member, struct json_object *json, char *base) {
    char *field = base + member->offset;
    switch (member->type) {
    case QMON__SCHEMA:
        return read_schema(reader, json);
    case QMON__TEXT:
        return read_text(reader, json, (const char **) field);
    case QMON__ID:
        return read_fixed(reader, json, "0123456789abcdef-", QMON_EVENT_ID_BYTES - 1, QMON_EVENT_ID_BYTES - 1, field);
    case QMON__DIGEST:
        return read_fixed(reader, json, "0123456789abcdef", 0, QMON_EVENT_FINGERPRINT_BYTES - 1, field);
    case QMON__U64:
        return read_integer(reader, json, 0, UINT64_MAX, (uint64_t *) field);
    case QMON__HEX:
        return read_hex(reader, json, (uint64_t *) field);
    case QMON__TIME:
        return read_time(reader, json, (uint64_t *) field);
    case QMON__BOOL:
        return read_bool(reader, json, (bool *) field);
    case QMON__OBJECT:
        return read_object(reader, member->shape, json, field);
    case QMON__ARRAY:
        return read_array(reader, member, json, base);
    case QMON__TEXTS:
        return read_texts(reader, member, json, base);
    case QMON__PAIRS:
        return read_pairs(reader, member, json, base);
    case QMON__REGISTERS:
        return read_registers(reader, json, reader->event);
    case QMON__TARGETS:
        return read_targets(reader, json, reader->event);
    case QMON__I32:
    case QMON__U32:
    case QMON__SIZE:
    case QMON__KIND:
    case QMON__SEVERITY:
    case QMON__ROLE:
        break;
    }
    return read_small(reader, member, json, field);
}

static bool read_object(struct reader *reader, const struct qmon__shape *shape, struct json_object *json, char *base) {
    size_t path_length = strlen(reader->path);
    if (!is_a(reader, json, json_type_object))
        return false;
    for (size_t i = 0; i < shape->count; i++) {
        const struct qmon__member *member = &shape->members[i];
        struct json_object *value;
        if (!json_object_object_get_ex(json, member->name, &value) || !value)
            continue;
        snprintf(reader->path + path_length, sizeof reader->path - path_length, "%s%s", path_length ? "." : "",
                 member->name);
        if (!read_value(reader, member, value, base))
            return false;
        reader->path[path_length] = '\0';
        if (member->when == QMON__IF_BOOL)
            *(bool *) (base + member->other) = true;
    }
    return true;
}

static struct json_object *parse(struct reader *reader, const char *json, size_t bytes) {
    if (bytes > JSON_BYTES_MAX) {
        fail(reader, "larger than %u bytes", JSON_BYTES_MAX);
        return NULL;
    }
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    if (!tokener) {
        fail(reader, "out of memory");
        return NULL;
    }
    struct json_object *document = json_tokener_parse_ex(tokener, json, (int) bytes);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (error != json_tokener_success) {
        fail(reader, "byte %zu: %s", end,
             error == json_tokener_continue ? "the text ends too early" : json_tokener_error_desc(error));
        return NULL;
    }
    while (end < bytes && json[end] && strchr(" \t\r\n", json[end]))
        end++;
    if (end < bytes) {
        fail(reader, "byte %zu: something follows the event", end);
        json_object_put(document);
        return NULL;
    }
    return document;
}

/* What is used as a key or an index elsewhere. */
static bool check(struct reader *reader) {
    struct qmon_event *event = reader->event;
    if (!*event->id)
        return fail(reader, "id: missing");
    qmon__unfold_threads(event);
    if (!event->thread_count || event->origin >= event->threads[0].frame_count)
        event->origin = SIZE_MAX;
    return true;
}

struct qmon_event *qmon_event_from_json(const char *json, size_t bytes, const char **ret_error) {
    static _Thread_local char error[256];
    struct reader reader = {.error = error, .error_bytes = sizeof error};
    *error = '\0';
    struct json_object *document = parse(&reader, json, bytes);
    if (document && !(reader.event = qmon_event_new(0)))
        fail(&reader, "out of memory");
    else if (!document && !*error)
        fail(&reader, "expected object, found null");
    if (reader.event) {
        *reader.event->id = '\0';
        struct json_object *schema;
        bool good = json_object_object_get_ex(document, "schema", &schema) || fail(&reader, "schema: missing");
        if (!good || !read_object(&reader, &qmon__event_shape, document, (char *) reader.event) || !check(&reader)) {
            qmon_event_free(reader.event);
            reader.event = NULL;
        }
    }
    json_object_put(document);
    if (!reader.event)
        *ret_error = error;
    return reader.event;
}
