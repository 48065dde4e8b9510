/*
 * quoted.c: peers that are not measured here, because Debian does not ship them or they need a build of their own: what they took
 * on Debian 12 with 2 cores, beside the same baselines.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "bench.h"

static const struct {
    const char *row, *peer, *version, *figure;
} quoted[] = {
    {"process start", "sentry-native, init and close", "8705b5d, inproc, curl", "10.5x an empty program"},
    {"process start", "libunwind as a needed library", "1.6.2", "1.19x an empty preload"},
    {"Pss of a sleeping process", "sentry-native", "8705b5d, inproc, curl", "+6.8 MB"},
    {"fault to death", "sentry-native", "8705b5d, inproc", "2.85 ms, 35x plain"},
    {"stack, 32 deep", "cpptrace", "not recorded", "4.2 us"},
    {"stack, 32 deep", "unw_step", "libunwind 1.6.2", "15.2 us"},
    {"error report, 32 deep", "sentry-native, sentry_capture_event", "8705b5d", "47.9 us; 54.2 us at 2 threads"},
    {"events through the pipeline", "sentry-native, to a local sink", "8705b5d", "14,100/s"},
    {"symbolizing a unique frame", "libdwfl", "elfutils 0.188", "216 us after 0.88 ms; again 172 us"},
    {"symbolizing a unique frame", "addr2line", "binutils 2.40", "133 us"},
    {"symbolizing a unique frame", "llvm-symbolizer", "LLVM 14", "82 us after 27 ms"},
};

void bench_print_quoted(void) {
    printf("\nQuoted, not measured in this run:\n");
    for (size_t i = 0; i < sizeof quoted / sizeof quoted[0]; i++)
        printf("%-30s %-38s %-24s %s\n", quoted[i].row, quoted[i].peer, quoted[i].version, quoted[i].figure);
}

struct json_object *bench_quoted_json(void) {
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < sizeof quoted / sizeof quoted[0]; i++) {
        struct json_object *one = json_object_new_object();
        json_object_object_add(one, "row", json_object_new_string(quoted[i].row));
        json_object_object_add(one, "peer", json_object_new_string(quoted[i].peer));
        json_object_object_add(one, "version", json_object_new_string(quoted[i].version));
        json_object_object_add(one, "figure", json_object_new_string(quoted[i].figure));
        json_object_array_add(list, one);
    }
    return list;
}
