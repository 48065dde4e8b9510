/* code_places.h: events whose frames are real addresses of this process. */
#ifndef QMON_TEST_CODE_PLACES_H
#define QMON_TEST_CODE_PLACES_H

#include <stdint.h>

#include <qmon/event.h>

/* The executable mapping that an address of this process lies in: path, start, end and file_offset. Fails the test where
 * there is none. Memory of the event. */
struct qmon_module code_module(struct qmon_event *event, const void *address);
/* An event with one thread of `count` frames, each at an exact address; its modules are those of the addresses. */
struct qmon_event *code_event(const void *const *addresses, size_t count);

#endif
