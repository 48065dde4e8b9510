/* An event's JSON from anywhere: refused with a reason, or read, written and read again to the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/event.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json((const char *) data, size, &error);
    if (!event) {
        if (!error || !*error)
            abort();
        return 0;
    }
    char *first = qmon_event_to_json(event);
    struct qmon_event *again = qmon_event_from_json(first, strlen(first), &error);
    if (!again)
        abort();
    char *second = qmon_event_to_json(again);
    if (strcmp(first, second))
        abort();
    free(first);
    free(second);
    qmon_event_free(event);
    qmon_event_free(again);
    return 0;
}
