/* delivery_state.c: see delivery_state.h. */
#include <inttypes.h>
#include <stdio.h>

#include "delivery_state.h"

void qmon__delivery_state_read(const char *text, struct qmon__delivery_state *ret_state) {
    struct qmon__delivery_state state = {0};

    if (text && sscanf(text, "1 %" SCNu32 " %" SCNx64 " %" SCNu64 " %63s", &state.tries, &state.destination,
                       &state.not_before_ms, state.sink) < 3)
        state = (struct qmon__delivery_state){0};
    *ret_state = state;
}

void qmon__delivery_state_write(const struct qmon__delivery_state *state, char *ret_text, size_t bytes) {
    snprintf(ret_text, bytes, "1 %" PRIu32 " %016" PRIx64 " %" PRIu64 "%s%s", state->tries, state->destination,
             state->not_before_ms, state->sink[0] ? " " : "", state->sink);
}
