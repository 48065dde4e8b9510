/* text_buffer.h: a growing text. Failure is sticky: after it nothing is added, and the owner looks once, at the end. */
#ifndef QMON_PIPELINE_TEXT_BUFFER_H
#define QMON_PIPELINE_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qmon__buffer { /* zeroed: empty */
    char *text;       /* not terminated until qmon__buffer_take() */
    size_t length, room;
    bool failed;
};

void qmon__buffer_add(struct qmon__buffer *buffer, const char *text, size_t bytes);
void qmon__buffer_string(struct qmon__buffer *buffer, const char *text);
void qmon__buffer_byte(struct qmon__buffer *buffer, char byte);
void qmon__buffer_decimal(struct qmon__buffer *buffer, uint64_t value);
void qmon__buffer_signed(struct qmon__buffer *buffer, int64_t value);
void qmon__buffer_hex(struct qmon__buffer *buffer, uint64_t value);    /* "0x1f", with quotation marks */
void qmon__buffer_json(struct qmon__buffer *buffer, const char *text); /* as a JSON string */
/* The text, to be freed with free(); NULL when something failed. The buffer is empty again. */
char *qmon__buffer_take(struct qmon__buffer *buffer);
void qmon__buffer_free(struct qmon__buffer *buffer);

#endif
