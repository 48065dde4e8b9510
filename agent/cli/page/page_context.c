/* page_context.c: what the process was like when it crashed. */
#include "page.h"

#include <inttypes.h>
#include <string.h>

#include <qmon/render.h>

#define FULL_PERCENT 90u

static void print_memory(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    char resident[QMON_RENDER_BYTES_TEXT], peak[QMON_RENDER_BYTES_TEXT], virtual_size[QMON_RENDER_BYTES_TEXT];
    char swapped[QMON_RENDER_BYTES_TEXT], used[QMON_RENDER_BYTES_TEXT], limit[QMON_RENDER_BYTES_TEXT];
    bool has_swapped = event->context.swapped_bytes > 0, is_limited = event->context.group_limit_bytes > 0;

    if (!event->context.resident_bytes)
        return;
    qmon__cli_page_rowf(out, style, "Memory", "%s resident (peak %s), %s virtual%s%s",
                        qmon_render_bytes(event->context.resident_bytes, resident, sizeof resident),
                        qmon_render_bytes(event->context.resident_peak_bytes, peak, sizeof peak),
                        qmon_render_bytes(event->context.virtual_bytes, virtual_size, sizeof virtual_size),
                        has_swapped ? ", swapped out " : "",
                        has_swapped ? qmon_render_bytes(event->context.swapped_bytes, swapped, sizeof swapped) : "");
    if (is_limited)
        qmon__cli_page_rowf(out, style, NULL, "its control group uses %s of %s",
                            qmon_render_bytes(event->context.group_used_bytes, used, sizeof used),
                            qmon_render_bytes(event->context.group_limit_bytes, limit, sizeof limit));
}

/* "5 of 1,024: 3 devices, 1 file" */
static void print_descriptors(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    char text[1024], open[32], limit[32] = "";
    size_t used;

    if (!event->context.descriptors)
        return;
    if (event->context.descriptor_limit)
        qmon_render_number(event->context.descriptor_limit, limit, sizeof limit);
    used = (size_t) snprintf(text, sizeof text, "%s%s%s descriptors open",
                             qmon_render_number(event->context.descriptors, open, sizeof open), *limit ? " of " : "",
                             limit);
    for (size_t i = 0; i < event->context.descriptor_kind_count && used < sizeof text; i++) {
        const struct qmon_pair *pair = &event->context.descriptor_kinds[i];
        size_t length = strlen(pair->key);
        bool one = strcmp(pair->value, "1") == 0 && length > 1 && pair->key[length - 1] == 's';
        used += (size_t) snprintf(text + used, sizeof text - used, "%s%s %.*s", i ? ", " : ": ", pair->value,
                                  (int) (length - one), pair->key);
    }
    qmon__cli_page_row(out, style, "Files", text);
    if (event->context.descriptor_limit &&
        event->context.descriptors * 100 >= event->context.descriptor_limit * FULL_PERCENT)
        qmon__cli_page_row(out, style, NULL, "that is close to the limit: calls that open something fail then");
}

static void print_limits(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    char text[512];
    size_t used = 0;

    for (size_t i = 0; i < event->context.limit_count && used < sizeof text; i++)
        used += (size_t) snprintf(text + used, sizeof text - used, "%s%s %s", i ? ", " : "",
                                  event->context.limits[i].key, event->context.limits[i].value);
    if (used)
        qmon__cli_page_row(out, style, "Limits", text);
}

void qmon__cli_page_last_lines(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    if (event->context.last_line_count == 0)
        return;
    fputs("\nStandard error ended with\n", out);
    for (size_t i = 0; i < event->context.last_line_count; i++) {
        fputs("  ", out);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, event->context.last_lines[i]);
        putc('\n', out);
    }
}

void qmon__cli_page_context(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    uint32_t number = event->context.error_number;

    if (number)
        qmon__cli_page_rowf(out, style, "errno", "%s (%" PRIu32 "), %s (left by the last call that failed)",
                            event->context.error_name ? event->context.error_name : "unknown", number,
                            strerror((int) number));
    print_memory(out, style, event);
    print_descriptors(out, style, event);
    print_limits(out, style, event);
}
