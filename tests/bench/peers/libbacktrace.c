/*
 * libbacktrace.c: libbacktrace FILE ADDRESS BYTES FRAMES: names, by gcc's library, the code at FRAMES even places of FILE's
 * executable segment, as rows_symbols.c does. Prints the CPU time of the first frame with all that it takes, then of each
 * further one, then of each again, ns.
 */
#define _GNU_SOURCE
#include <backtrace.h>
#include <link.h>
#include <stdint.h>

#include "peer.h"

static unsigned long found;

static int take_base(struct dl_phdr_info *info, size_t bytes, void *context) {
    (void) bytes;
    *(uintptr_t *) context = info->dlpi_addr;
    return 1; /* the first is the program, whose place libbacktrace takes for FILE's */
}

static int take(void *context, uintptr_t pc, const char *file, int line, const char *function) {
    (void) context, (void) pc, (void) file, (void) line;
    found += function != NULL;
    return 0;
}

static void fail(void *context, const char *message, int number) {
    (void) context, (void) message, (void) number;
}

static double name(struct backtrace_state *state, uintptr_t start, uintptr_t bytes, unsigned from, unsigned to,
                   unsigned frames) {
    double began = peer_now_ns(CLOCK_THREAD_CPUTIME_ID);

    for (unsigned i = from; i < to; i++)
        backtrace_pcinfo(state, start + bytes / frames * i + bytes / frames / 2, take, fail, NULL);
    return (peer_now_ns(CLOCK_THREAD_CPUTIME_ID) - began) / (to - from);
}

int main(int count, char **arguments) {
    uintptr_t base = 0;

    if (count != 5)
        return 2;
    dl_iterate_phdr(take_base, &base);
    uintptr_t start = base + strtoul(arguments[2], NULL, 0), bytes = strtoul(arguments[3], NULL, 0);
    unsigned frames = (unsigned) strtoul(arguments[4], NULL, 0);
    struct backtrace_state *state = backtrace_create_state(arguments[1], 0, fail, NULL);
    double first = name(state, start, bytes, 0, 1, frames), next = name(state, start, bytes, 1, frames, frames);
    double again = name(state, start, bytes, 1, frames, frames);
    if (found > 0)
        printf("%.0f\n%.0f\n%.0f\n", first, next, again);
    return 0;
}
