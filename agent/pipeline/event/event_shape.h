/*
 * event_shape.h: what an event's JSON looks like, as tables: one for the writer and the reader, so that they cannot
 * disagree. A shape is a JSON object; each of its members names a field of a C structure. A new field of struct
 * qmon_event is one row in event_shape.c.
 */
#ifndef QMON_PIPELINE_EVENT_SHAPE_H
#define QMON_PIPELINE_EVENT_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include <qmon/event.h>

enum qmon__type {
    QMON__SCHEMA, /* QMON_EVENT_SCHEMA, no field */
    QMON__TEXT,   /* const char * */
    QMON__ID,     /* char[QMON_EVENT_ID_BYTES] */
    QMON__DIGEST, /* char[QMON_EVENT_FINGERPRINT_BYTES] */
    QMON__I32,
    QMON__U32,
    QMON__U64,
    QMON__HEX,  /* uint64_t as "0x..." */
    QMON__TIME, /* uint64_t ns as RFC 3339 */
    QMON__SIZE, /* size_t, SIZE_MAX absent */
    QMON__BOOL,
    QMON__KIND,
    QMON__SEVERITY,
    QMON__ROLE,
    QMON__OBJECT,    /* shape; its fields are in the same structure */
    QMON__ARRAY,     /* pointer to structures of `shape`, length at `other` */
    QMON__TEXTS,     /* array of const char *, length at `other` */
    QMON__PAIRS,     /* struct qmon_pair[], as an object */
    QMON__REGISTERS, /* struct qmon_register[], as an object of "0x..." */
    QMON__TARGETS,   /* the same registers' points_to, as an object of texts */
};

enum qmon__when {
    QMON__IF_SET,  /* left out when zero or NULL */
    QMON__ALWAYS,  /* also zero; in an object: once something else in it is there */
    QMON__IF_BOOL, /* when the bool at `other` is true; reading it sets that */
    QMON__IF_U32,  /* when the 32-bit number at `other` is not zero */
};

struct qmon__shape;
struct qmon__member {
    const char *name;
    enum qmon__type type;
    enum qmon__when when;
    size_t offset;
    size_t other; /* offset of an array's length, or of what `when` looks at */
    const struct qmon__shape *shape;
};

struct qmon__shape {
    const struct qmon__member *members;
    size_t count;
    size_t bytes; /* of one structure, for arrays */
};

extern const struct qmon__shape qmon__event_shape, qmon__frame_shape;

#endif
