#include "page.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#include <qmon/render.h>

#include "when.h"

static const char *or_empty(const char *text) {
    return text ? text : "";
}

static const char *user_name(uint32_t uid, char *buffer, size_t bytes) {
    struct passwd entry, *found = NULL;
    char names[1024];

    if (getpwuid_r(uid, &entry, names, sizeof names, &found) == 0 && found)
        snprintf(buffer, bytes, "%s", found->pw_name);
    else
        snprintf(buffer, bytes, "%" PRIu32, uid);
    return buffer;
}

static void print_process(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    char user[64], parent[32] = "", age[QMON_WHEN_BYTES] = "";
    const char *command = event->process.command_line;

    if (!event->process.pid)
        return;
    qmon__cli_page_rowf(out, style, "Process", "%" PRIu32 " %s", event->process.pid,
                        or_empty(command && *command ? command : event->process.executable));
    if (command && *command)
        qmon__cli_page_rowf(out, style, NULL, "executable %s", or_empty(event->process.executable));
    if (event->process.runtime)
        qmon__cli_page_rowf(out, style, NULL, "runs %s", event->process.runtime);
    if (event->process.start_time_ns && event->process.start_time_ns <= event->time_ns)
        qmon_render_duration(event->time_ns - event->process.start_time_ns, age, sizeof age);
    if (event->process.parent_pid)
        snprintf(parent, sizeof parent, "parent %" PRIu32 ", ", event->process.parent_pid);
    qmon__cli_page_rowf(out, style, NULL, "%s%suser %s%s%s%s%s", event->process.root ? "root of its tree, " : "",
                        parent, user_name(event->process.uid, user, sizeof user), *age ? ", ran for " : "", age,
                        event->process.working_directory ? ", in " : "", or_empty(event->process.working_directory));
}

static void print_place(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    if (event->service.name)
        qmon__cli_page_rowf(out, style, "Service", "%s, version %s%s%s%s%s", event->service.name,
                            event->service.version ? event->service.version : "unknown",
                            event->service.stage && *event->service.stage ? ", stage " : "",
                            or_empty(event->service.stage), event->service.instance ? ", instance " : "",
                            or_empty(event->service.instance));
    if (event->host.name)
        qmon__cli_page_rowf(out, style, "Host", "%s%s%s%s%s%s%s", event->host.name, event->host.arch ? ", " : "",
                            or_empty(event->host.arch), event->host.kernel ? ", kernel " : "",
                            or_empty(event->host.kernel), event->host.container_id ? ", container " : "",
                            or_empty(event->host.container_id));
}

static void print_report(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    char number[QMON_WHEN_BYTES];

    qmon__cli_page_row(out, style, "Endpoint", event->report.endpoint);
    qmon__cli_page_row(out, style, "User", event->report.user_id);
    for (size_t i = 0; i < event->report.extra_count; i++)
        qmon__cli_page_rowf(out, style, i == 0 ? "Extra" : NULL, "%s = %s", or_empty(event->report.extra[i].key),
                            or_empty(event->report.extra[i].value));
    if (event->report.repeats)
        qmon__cli_page_rowf(out, style, "Repeats", "%s more of the same came at once; this one stands for them",
                            qmon_render_number(event->report.repeats, number, sizeof number));
    if (event->report.dropped)
        qmon__cli_page_rowf(out, style, "Dropped", "%s earlier reports of this process found no room",
                            qmon_render_number(event->report.dropped, number, sizeof number));
}

static const char *state_text(const char *state) {
    static const struct {
        const char *state, *text;
    } texts[] = {
        {"alerted", "an alert was due, for every channel that was configured then"},
        {"suppressed", "no alert: one for the same problem was made in this window"},
        {"ignored", "no alert: a filter of yours matches"},
        {"held", "no alert of its own: the channels' limits were reached; a digest sums it up"},
        {"muted", "no alert: a route of yours leads nowhere"},
        {"stored", "kept here; no alert was due"},
    };

    for (size_t i = 0; state && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].state, state) == 0)
            return texts[i].text;
    return state;
}

static void print_occurrences(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                              const struct qmon__cli_page *page) {
    char kept[QMON_WHEN_BYTES], total[QMON_WHEN_BYTES], held[QMON_WHEN_BYTES];
    char first[QMON_WHEN_BYTES], fleet[QMON_RENDER_FLEET_BYTES];
    const char *source = event->occurrences.source;

    if (page->occurrences)
        qmon__cli_page_rowf(out, style, "Seen", "%s kept on this host",
                            qmon_render_number(page->occurrences, kept, sizeof kept));
    if (event->occurrences.total)
        qmon__cli_page_rowf(out, style, page->occurrences ? NULL : "Seen",
                            "%s in this window, %s held back before this one (counted by: %s)",
                            qmon_render_number(event->occurrences.total, total, sizeof total),
                            qmon_render_number(event->occurrences.suppressed, held, sizeof held),
                            source ? source : "unknown");
    if (event->occurrences.first_seen_ns)
        qmon__cli_page_rowf(out, style, NULL, "first %s",
                            qmon__cli_local(event->occurrences.first_seen_ns / 1000000, first, sizeof first));
    qmon_render_fleet(event, fleet, sizeof fleet);
    qmon__cli_page_row(out, style, "Fleet", fleet);
    qmon__cli_page_row(out, style, "Alert", state_text(page->state));
}

void qmon__cli_page_facts(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                          const struct qmon__cli_page *page) {
    print_report(out, style, event);
    qmon__cli_page_crumbs(out, style, event, page->unfolded);
    print_process(out, style, event);
    qmon__cli_page_context(out, style, event);
    print_place(out, style, event);
    print_occurrences(out, style, event, page);
    for (size_t i = 0; i < event->note_count; i++)
        qmon__cli_page_row(out, style, i == 0 ? "Notes" : NULL, event->notes[i]);
    qmon__cli_page_row(out, style, "Event", event->id);
    qmon__cli_page_row(out, style, "Problem", event->fingerprint);
}
