/* event.c: an event's memory, and its coming and going. Chunks grow with use, so that a small event stays small. */
#include <qmon/event.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FIRST_CHUNK_BYTES 4096u
#define CHUNK_LIMIT_BYTES (256u * 1024u)
#define NOTE_LIMIT 64u

struct chunk {
    struct chunk *next;
    size_t used, bytes;
    _Alignas(max_align_t) unsigned char memory[];
};

struct qmon_arena {
    struct chunk *newest;
    size_t note_room;
};

/* `bytes` and what rounding up to the alignment needs. */
static struct chunk *new_chunk(size_t bytes) {
    bytes += _Alignof(max_align_t);
    struct chunk *chunk = calloc(1, sizeof *chunk + bytes);
    if (chunk)
        chunk->bytes = bytes;
    return chunk;
}

static void *chunk_take(struct chunk *chunk, size_t bytes) {
    const size_t align = _Alignof(max_align_t);
    bytes = bytes ? (bytes + align - 1) / align * align : align;
    if (chunk->bytes - chunk->used < bytes)
        return NULL;
    void *memory = chunk->memory + chunk->used;
    chunk->used += bytes;
    return memory;
}

void *qmon_event_alloc(struct qmon_event *event, size_t bytes) {
    if (bytes > SIZE_MAX / 2)
        return NULL;
    struct qmon_arena *arena = event->arena;
    void *memory = chunk_take(arena->newest, bytes);
    if (memory)
        return memory;

    size_t wanted = arena->newest->bytes * 2;
    if (wanted > CHUNK_LIMIT_BYTES)
        wanted = CHUNK_LIMIT_BYTES;
    struct chunk *chunk = new_chunk(bytes > wanted ? bytes : wanted);
    if (!chunk)
        return NULL;
    chunk->next = arena->newest;
    arena->newest = chunk;
    return chunk_take(chunk, bytes);
}

struct qmon_event *qmon_event_new(uint64_t now_ns) {
    struct chunk *chunk = new_chunk(FIRST_CHUNK_BYTES);
    if (!chunk)
        return NULL;
    struct qmon_event *event = chunk_take(chunk, sizeof *event);
    struct qmon_arena *arena = chunk_take(chunk, sizeof *arena);
    _Static_assert(sizeof *event + sizeof *arena + 64 <= FIRST_CHUNK_BYTES, "an event fits its first chunk");
    arena->newest = chunk;
    event->arena = arena;
    event->time_ns = now_ns;
    event->origin = SIZE_MAX;
    qmon__uuid_v7(now_ns, event->id);
    return event;
}

void qmon_event_free(struct qmon_event *event) {
    if (!event)
        return;
    for (struct chunk *chunk = event->arena->newest; chunk;) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

static const char *format_into(struct qmon_event *event, const char *format, va_list arguments) {
    char small[512];
    va_list again;
    va_copy(again, arguments);
    const char *text = NULL;
    int length = vsnprintf(small, sizeof small, format, arguments);
    if (length >= 0 && (size_t) length < sizeof small) {
        text = qmon_event_text_n(event, small, (size_t) length);
    } else if (length >= 0) {
        char *large = malloc((size_t) length + 1);
        if (large) {
            vsnprintf(large, (size_t) length + 1, format, again);
            text = qmon_event_text_n(event, large, (size_t) length);
        }
        free(large);
    }
    va_end(again);
    return text;
}

const char *qmon_event_format(struct qmon_event *event, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_into(event, format, arguments);
    va_end(arguments);
    return text;
}

/* Makes room for one more note: powers of two, so that the array is copied seldom. */
static bool grow_notes(struct qmon_event *event) {
    if (event->note_count < event->arena->note_room)
        return true;
    size_t room = event->note_count ? event->note_count * 2 : 4;
    const char **notes = qmon_event_alloc(event, room * sizeof *notes);
    if (!notes)
        return false;
    if (event->note_count)
        memcpy(notes, event->notes, event->note_count * sizeof *notes);
    event->notes = notes;
    event->arena->note_room = room;
    return true;
}

void qmon_event_note(struct qmon_event *event, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = event->note_count < NOTE_LIMIT ? format_into(event, format, arguments) : NULL;
    va_end(arguments);
    if (!text)
        return;
    for (size_t i = 0; i < event->note_count; i++)
        if (!strcmp(event->notes[i], text))
            return;
    if (grow_notes(event))
        event->notes[event->note_count++] = text;
}
