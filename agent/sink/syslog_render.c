/* syslog_render.c: see syslog_render.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "syslog_render.h"
#include "words.h"

#define DATA_ID "qmon@32473" /* the number is that of examples (RFC 5612): we have none of our own */
#define VALUE_BYTES 160u
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

int qmon__syslog_facility(const char *name) {
    static const char *const names[] = {"kern",   "user",     "mail",    "daemon",  "auth",     "syslog",
                                        "lpr",    "news",     "uucp",    "cron",    "authpriv", "ftp",
                                        "ntp",    "security", "console", "solaris", "local0",   "local1",
                                        "local2", "local3",   "local4",  "local5",  "local6",   "local7"};

    for (int i = 0; i < (int) (sizeof names / sizeof names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* A field of the header: printable ASCII without blanks, "-" for nothing. */
static void add_field(struct qmon_text *text, const char *words, size_t most) {
    char field[256];
    size_t used = 0;

    for (; words && *words && used < most && used < sizeof field - 1; words++)
        field[used++] = *words > ' ' && *words <= '~' ? *words : '_';
    field[used] = '\0';
    qmon_text_add(text, " ");
    qmon_text_add(text, used ? field : "-");
}

/* name="value", '"', '\' and ']' with a backslash; all of it or nothing. */
static void add_value(struct qmon_text *text, const char *name, const char *words) {
    char line[VALUE_BYTES], pair[2 * VALUE_BYTES + 40];
    struct qmon_text whole;

    qmon__words_line(words, line, sizeof line);
    if (!line[0])
        return;
    qmon_text_begin(&whole, pair, sizeof pair);
    qmon_text_format(&whole, " %s=\"", name);
    for (size_t at = 0, length; line[at]; at += length) {
        char one[6] = {'\\'};
        uint32_t code = 0;
        length = qmon_utf8_step(line + at, strlen(line + at), &code);
        length = length ? length : 1;
        memcpy(one + 1, line + at, length);
        qmon_text_add(&whole, code == '"' || code == '\\' || code == ']' ? one : one + 1);
    }
    qmon_text_add(&whole, "\"");
    if (text->used + whole.used + 2 < text->size)
        qmon_text_add(text, pair);
}

static void add_number(struct qmon_text *text, const char *name, uint64_t number) {
    char words[24];

    snprintf(words, sizeof words, "%" PRIu64, number);
    add_value(text, name, words);
}

static void add_data(struct qmon_text *text, const struct qmon_event *event) {
    const struct qmon_thread *thread = event->thread_count ? &event->threads[0] : NULL;
    const struct qmon_frame *frame =
        thread && event->origin < thread->frame_count ? &thread->frames[event->origin] : NULL;

    qmon_text_add(text, " [" DATA_ID);
    add_value(text, "id", event->id);
    add_value(text, "kind", qmon_kind_name(event->kind));
    add_value(text, "severity", qmon_severity_name(event->severity));
    add_value(text, "code", event->code);
    add_value(text, "fingerprint", event->fingerprint);
    add_value(text, "service", event->service.name);
    add_value(text, "stage", event->service.stage);
    if (event->service.version && strcmp(event->service.version, "unknown") != 0)
        add_value(text, "version", event->service.version);
    if (event->occurrences.total)
        add_number(text, "occurrences", event->occurrences.total);
    if (event->occurrences.suppressed)
        add_number(text, "suppressed", event->occurrences.suppressed);
    if (frame) {
        add_value(text, "function", frame->function);
        add_value(text, "file", frame->file);
        if (frame->line)
            add_number(text, "line", frame->line);
    }
    qmon_text_add(text, "]");
}

/* Microseconds: the finest that the format has. */
static void add_time(struct qmon_text *text, uint64_t time_ns) {
    time_t seconds = (time_t) (time_ns / UINT64_C(1000000000));
    char stem[32];
    struct tm parts;

    if (gmtime_r(&seconds, &parts) && parts.tm_year <= 9999 - 1900 &&
        strftime(stem, sizeof stem, "%Y-%m-%dT%H:%M:%S", &parts) > 0)
        qmon_text_format(text, " %s.%06" PRIu64 "Z", stem, time_ns % UINT64_C(1000000000) / 1000);
    else
        qmon_text_add(text, " -");
}

size_t qmon__syslog_render(const struct qmon_event *event, int facility, char ret_text[QMON__SYSLOG_BYTES]) {
    static const int severities[] = {6, 4, 3, 2};
    char pid[16], title[400], what[600];
    struct qmon_text text;
    unsigned severity = (unsigned) event->severity;

    qmon_text_begin(&text, ret_text, QMON__SYSLOG_BYTES);
    qmon_text_format(&text, "<%d>1", facility * 8 + severities[severity < 4 ? severity : 3]);
    add_time(&text, event->time_ns);
    add_field(&text, event->host.name, 255);
    add_field(&text, event->service.name, 48);
    snprintf(pid, sizeof pid, "%" PRIu32, event->process.pid);
    add_field(&text, event->process.pid ? pid : NULL, 128);
    add_field(&text, qmon_kind_name(event->kind), 32);
    text.size = QMON__SYSLOG_BYTES - 600; /* the words want room too */
    add_data(&text, event);
    text.size = QMON__SYSLOG_BYTES;
    qmon__words_title(event, false, title, sizeof title);
    qmon__words_what(event, what, sizeof what);
    qmon_text_add(&text, " " BYTE_ORDER_MARK);
    if (strncmp(what, title, strlen(title)) != 0) { /* which says it all, and more */
        qmon_text_line(&text, title, sizeof title, QMON_CUT_END);
        qmon_text_add(&text, what[0] ? ": " : "");
    }
    if (what[0]) {
        qmon_text_line(&text, what, text.size - text.used, QMON_CUT_END);
    }
    return text.used;
}
