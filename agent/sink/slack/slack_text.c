/* slack_text.c: see slack_text.h. */
#include <inttypes.h>
#include <string.h>

#include <qmon/render.h>

#include "slack_text.h"

#define GRAVE "\xcb\x8b"
#define REPLACEMENT "\xef\xbf\xbd"
#define CODE_COLUMNS 300
#define MOST_SECONDS UINT64_C(253402300799) /* end of the year 9999 */

/* All of it or nothing: half an entity would be shown as it stands. */
static void add_whole(struct qmon_text *text, const char *piece) {
    if (strlen(piece) >= text->size - text->used)
        text->cut = true;
    qmon_text_add(text, piece);
}

static void add_character(struct qmon_text *text, uint32_t code, const char *bytes, size_t length, bool code_span) {
    char one[5] = {0};

    if (code == '&') {
        add_whole(text, "&amp;");
    } else if (code == '<') {
        add_whole(text, "&lt;");
    } else if (code == '>') {
        add_whole(text, "&gt;");
    } else if (code == '`' && code_span) {
        add_whole(text, GRAVE);
    } else if (code == '\t') {
        add_whole(text, " ");
    } else if (code == '\n' || qmon_utf8_printable(code)) {
        memcpy(one, bytes, length);
        add_whole(text, one);
    } else {
        add_whole(text, REPLACEMENT);
    }
}

static void add_escaped(struct qmon_text *text, const char *words, bool code_span) {
    size_t left = words ? strlen(words) : 0;

    while (left > 0 && !text->cut) {
        uint32_t code = 0;
        size_t length = qmon_utf8_step(words, left, &code);
        if (length == 0)
            add_whole(text, REPLACEMENT);
        else
            add_character(text, code, words, length, code_span);
        length = length ? length : 1;
        words += length;
        left -= length;
    }
}

void qmon__slack_plain(struct qmon_text *text, const char *words) {
    add_escaped(text, words, false);
}

void qmon__slack_code_inside(struct qmon_text *text, const char *words) {
    add_escaped(text, words, true);
}

void qmon__slack_code(struct qmon_text *text, const char *words, size_t max_columns) {
    char line[CODE_COLUMNS * 4 + 1], code[CODE_COLUMNS * 5 + 3];
    struct qmon_text cut, whole;

    qmon_text_begin(&cut, line, sizeof line);
    qmon_text_line(&cut, words && words[0] ? words : "?", max_columns < CODE_COLUMNS ? max_columns : CODE_COLUMNS,
                   QMON_CUT_MIDDLE);
    qmon_text_begin(&whole, code, sizeof code);
    qmon_text_add(&whole, "`");
    add_escaped(&whole, line, true);
    qmon_text_add(&whole, "`");
    add_whole(text, code);
}

void qmon__slack_date(struct qmon_text *text, uint64_t time_ns) {
    uint64_t seconds = time_ns / UINT64_C(1000000000);
    char utc[32], date[160];
    struct qmon_text whole;

    qmon_text_begin(&whole, date, sizeof date);
    qmon_text_format(&whole, "<!date^%" PRIu64 "^{date_short_pretty} {time_secs}|%s>",
                     seconds < MOST_SECONDS ? seconds : MOST_SECONDS, qmon_render_time(time_ns, utc, sizeof utc));
    add_whole(text, date);
}
