/* page_crumbs.c: see page.h. */
#include "page.h"

#include <string.h>

#include <qmon/render.h>

#include "when.h"

#define ROWS 12u
#define OPENS "opens library "

static bool opens_library(const struct qmon_crumb *crumb) {
    return crumb->text && strncmp(crumb->text, OPENS, sizeof OPENS - 1) == 0;
}

/* How many from `at` on make one row. */
static size_t row_length(const struct qmon_event *event, size_t at, bool all) {
    size_t end = at + 1;

    if (!all && opens_library(&event->crumbs[at]))
        while (end < event->crumb_count && opens_library(&event->crumbs[end]))
            end++;
    return end - at;
}

static void print_row(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event, const char *label,
                      size_t at, size_t length, bool all) {
    const struct qmon_crumb *crumb = &event->crumbs[at + length - 1];
    const char *text = crumb->text ? crumb->text : "", *slash = strrchr(text, '/');
    uint64_t apart = event->time_ns > crumb->time_ns ? event->time_ns - crumb->time_ns : 0;
    char before[QMON_WHEN_BYTES], count[32] = "";

    qmon_render_duration(apart, before, sizeof before);
    if (length > 1)
        snprintf(count, sizeof count, ", the last of %zu", length);
    if (!all && opens_library(crumb) && slash && slash[1])
        qmon__cli_page_rowf(out, style, label, "-%s " OPENS "%s%s", before, slash + 1, count);
    else
        qmon__cli_page_rowf(out, style, label, "-%s %s%s", before, text, count);
}

void qmon__cli_page_crumbs(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event, bool all) {
    size_t rows = 0, row = 0;

    for (size_t at = 0; at < event->crumb_count; at += row_length(event, at, all))
        rows++;
    size_t left_out = !all && rows > ROWS ? rows - ROWS : 0;
    if (left_out)
        qmon__cli_page_rowf(out, style, "Before it", "(%zu earlier ones: --full shows them)", left_out);
    for (size_t at = 0, length; at < event->crumb_count; at += length, row++) {
        length = row_length(event, at, all);
        if (row >= left_out)
            print_row(out, style, event, row == 0 ? "Before it" : NULL, at, length, all);
    }
}
