/* render_fleet.c: how often over the whole fleet. */
#include <qmon/render.h>
#include <qmon/text.h>

#define SHOWN 3
#define NAME_COLUMNS 40
#define MANY_HOSTS 1024u /* stands for more, see qmon/cache.h */

static void add_versions(struct qmon_text *text, const struct qmon_event *event) {
    size_t count = event->occurrences.fleet.version_count;
    char number[QMON_RENDER_BYTES_TEXT];

    for (size_t i = 0; i < count && i < SHOWN; i++) {
        const struct qmon_seen_version *version = &event->occurrences.fleet.versions[i];
        qmon_text_add(text, i == 0 ? "; by version: " : ", ");
        qmon_text_line(text, version->version, NAME_COLUMNS, QMON_CUT_END);
        qmon_text_format(text, " %s", qmon_render_number(version->count, number, sizeof number));
    }
    if (count > SHOWN)
        qmon_text_format(text, ", and %zu more", count - SHOWN);
}

bool qmon_render_fleet(const struct qmon_event *event, char *ret_text, size_t bytes) {
    uint64_t hosts = event->occurrences.fleet.hosts;
    char number[QMON_RENDER_BYTES_TEXT];
    struct qmon_text text;

    qmon_text_begin(&text, ret_text, bytes);
    if (event->occurrences.fleet.total == 0)
        return false;
    qmon_text_format(&text, "%s in all", qmon_render_number(event->occurrences.fleet.total, number, sizeof number));
    if (hosts > 0)
        qmon_text_format(&text, " on %s%s host%s", qmon_render_number(hosts, number, sizeof number),
                         hosts >= MANY_HOSTS ? " or more" : "", hosts == 1 ? "" : "s");
    add_versions(&text, event);
    return hosts > 1 || event->occurrences.fleet.version_count > 1 ||
           event->occurrences.fleet.total > event->occurrences.total;
}
