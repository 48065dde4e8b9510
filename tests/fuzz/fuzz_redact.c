/* Any bytes as a text and as a command line: nothing is read or written beyond them, the command stays one line of clean
 * text, and what follows a blot that was made is never blotted away by doing it again: the second time changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 4096)
        return 0;
    struct qmon_event *event = qmon_event_new(1);
    char *text = malloc(size + 1), *exact = malloc(size ? size : 1);
    if (!event || !text || !exact)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    memcpy(exact, data, size);
    const char *blotted = qmon_redact(event, text);
    const char *again = qmon_redact(event, blotted);
    if (strcmp(blotted, again) != 0)
        abort();
    const char *line = qmon_redact_command_line(event, exact, size);
    if (strpbrk(line, "\n\t"))
        abort();
    free(text);
    free(exact);
    qmon_event_free(event);
    return 0;
}
