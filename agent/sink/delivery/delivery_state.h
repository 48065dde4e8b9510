/* delivery_state.h: what an outbox item remembers of earlier attempts, as text in its `state`. Private to delivery*.c. */
#ifndef QMON_DELIVERY_STATE_H
#define QMON_DELIVERY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qmon__delivery_state {
    uint32_t tries;         /* attempts that reached the point of sending */
    uint64_t destination;   /* where the last one went; 0: none was made */
    uint64_t not_before_ms; /* CLOCK_REALTIME; the channel's own wish */
    char sink[64];          /* the sink's own words, no blanks; empty none */
};

/* text NULL or not ours: all zero. */
void qmon__delivery_state_read(const char *text, struct qmon__delivery_state *ret_state);
void qmon__delivery_state_write(const struct qmon__delivery_state *state, char *ret_text, size_t bytes);

#endif
