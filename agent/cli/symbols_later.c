#include "symbols_later.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/pipeline.h>
#include <qmon/render.h>

#include "when.h"

#define PATIENCE_MS 60000u
#define SYSTEM_PATIENCE_MS 2000u
#define WHERE_BYTES 1024u

/* "SIGSEGV in app+0x1139" becomes "SIGSEGV in parse (app.c:7)". */
static void rename_place(struct qmon_event *event, const char *before) {
    char now[WHERE_BYTES];
    const char *at = event->title && *before ? strstr(event->title, before) : NULL;

    qmon_render_where(event, true, now, sizeof now);
    if (at && *now)
        event->title =
            qmon_event_format(event, "%.*s%s%s", (int) (at - event->title), event->title, now, at + strlen(before));
}

int qmon__cli_symbolize_with(const char *command, struct qmon_event *event, const struct qmon_config *config,
                             const char *directory) {
    char before[WHERE_BYTES];
    size_t files = 0, better = 0;
    bool is_cut = false;
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    int error = symbolizer ? qmon_symbolizer_add_directory(symbolizer, directory, &files, &is_cut) : -ENOMEM;

    if (error < 0) {
        fprintf(stderr, "qmon %s: %s cannot be looked through: %s\n", command, directory, strerror(-error));
        qmon_symbolizer_close(symbolizer);
        return 1;
    }
    qmon_symbolizer_be_thorough(symbolizer);
    qmon_render_where(event, true, before, sizeof before);
    better = qmon_symbolize_again(symbolizer, event, qmon_monotonic_ms() + PATIENCE_MS);
    qmon_symbolizer_close(symbolizer);
    qmon_filter(event, config);
    rename_place(event, before);
    qmon_event_note(event, "Symbolized again with %s: %zu ELF file%s there%s, %zu place%s known better than before.",
                    directory, files, files == 1 ? "" : "s", is_cut ? " (not all was looked at)" : "", better,
                    better == 1 ? "" : "s");
    return 0;
}

size_t qmon__cli_symbolize_system(struct qmon_event *event) {
    size_t notes = event->note_count, better;
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();

    if (!symbolizer)
        return 0;
    qmon_symbolizer_be_thorough(symbolizer);
    better = qmon_symbolize_system(symbolizer, event, qmon_monotonic_ms() + SYSTEM_PATIENCE_MS);
    qmon_symbolizer_close(symbolizer);
    event->note_count = notes; /* what it did not find was known to be missing */
    return better;
}
