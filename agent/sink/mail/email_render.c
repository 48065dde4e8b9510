/* email_render.c: see email_render.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "basic.h"
#include "email_render.h"
#include "words.h"

#define SUBJECT_BYTES 200u
#define WORD_BYTES 45u /* of UTF-8 in an encoded word: 60 digits of base64, at most 75 characters in all */
#define LINE_BYTES 57u /* of data in a line of base64: 76 digits */
#define WHAT_BYTES 3000u
#define TRACE_BYTES 16000u
#define ADDRESS_BYTES 254u

bool qmon__email_address(const char *address) {
    const char *at = strchr(address, '@');
    size_t bytes = strlen(address);

    for (size_t i = 0; i < bytes; i++)
        if (address[i] <= ' ' || address[i] > '~' || strchr("<>()[],;:\\\"", address[i]))
            return false;
    return at && at > address && at[1] && !strchr(at + 1, '@') && bytes <= ADDRESS_BYTES;
}

static void add_encoded(FILE *out, const char *data, size_t bytes) {
    char line[QMON__BASE64_BYTES(LINE_BYTES)];

    for (size_t at = 0; at < bytes; at += LINE_BYTES) {
        qmon__base64(data + at, bytes - at < LINE_BYTES ? bytes - at : LINE_BYTES, line);
        fprintf(out, "%s\r\n", line);
    }
}

static bool is_plain(const char *words) {
    for (const char *at = words; *at; at++)
        if (*at < ' ' || *at > '~')
            return false;
    return !strstr(words, "=?");
}

/* The rest of the words from `at`, up to a character's border. */
static size_t word_bytes(const char *at) {
    size_t taken = 0, length;

    for (uint32_t code; at[taken]; taken += length) {
        length = qmon_utf8_step(at + taken, strlen(at + taken), &code);
        length = length ? length : 1;
        if (taken + length > WORD_BYTES)
            break;
    }
    return taken;
}

static void add_subject(FILE *out, const struct qmon_event *event) {
    char subject[SUBJECT_BYTES], word[QMON__BASE64_BYTES(WORD_BYTES)];
    const char *before = "Subject: ";

    qmon__words_title(event, true, subject, sizeof subject);
    if (is_plain(subject)) {
        fprintf(out, "%s%s\r\n", before, subject);
        return;
    }
    for (size_t at = 0, bytes; subject[at]; at += bytes) {
        bytes = word_bytes(subject + at);
        qmon__base64(subject + at, bytes, word);
        fprintf(out, "%s=?UTF-8?B?%s?=\r\n", before, word);
        before = " ";
    }
}

/* Not of strftime, which speaks the language of the locale. */
static void add_date(FILE *out, uint64_t now_ns) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t) (now_ns / UINT64_C(1000000000));
    struct tm parts;

    if (gmtime_r(&seconds, &parts))
        fprintf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[parts.tm_wday], parts.tm_mday,
                months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/* An id or a fingerprint, which come from the store: nothing else can stand in a header. */
static void plain_id(const char *id, char *ret_id, size_t bytes) {
    size_t used = 0;

    for (; *id && used + 1 < bytes; id++)
        if (strchr("0123456789abcdef-", *id))
            ret_id[used++] = *id;
    ret_id[used] = '\0';
}

/* An attempt that got through unknown to us has the same Message-ID, by which mail systems know duplicates. Repeats of one
 * problem refer to it, so that they are one thread. */
static void add_headers(FILE *out, const struct qmon_event *event, const struct qmon__email *email, uint64_t now_ns) {
    const char *domain = strchr(email->from, '@') + 1, *before = "To: ";
    char id[64], key[64];

    plain_id(event->id, id, sizeof id);
    plain_id(qmon__words_key(event), key, sizeof key);

    add_date(out, now_ns);
    fprintf(out, "From: qmon <%s>\r\n", email->from);
    for (const char *const *to = email->to; *to; to++) {
        fprintf(out, "%s<%s>", before, *to);
        before = ",\r\n ";
    }
    fputs("\r\n", out);
    add_subject(out, event);
    fprintf(out, "Message-ID: <%s@%s>\r\n", id, domain);
    if (event->fingerprint[0])
        fprintf(out, "References: <%s.qmon@%s>\r\n", key, domain);
    fprintf(out, "X-Qmon-Event-Id: %s\r\n", id);
    fputs("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", out);
    if (event->severity == QMON_SEVERITY_CRITICAL)
        fputs("Importance: high\r\n", out);
}

static void add_html(FILE *out, const char *words) {
    for (; *words; words++) {
        const char *marks = "&<>\"'", *mark = strchr(marks, *words);
        static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
        if (mark)
            fputs(entities[mark - marks], out);
        else
            fputc(*words, out);
    }
}

static void write_text(FILE *out, const struct qmon_event *event) {
    char text[TRACE_BYTES];
    struct qmon__facts facts;

    qmon__words_title(event, true, text, WHAT_BYTES);
    fprintf(out, "%s\r\n", text);
    qmon__words_what(event, text, WHAT_BYTES);
    if (text[0])
        fprintf(out, "\r\n%s\r\n", text);
    fputs("\r\n", out);
    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++)
        fprintf(out, "%-12s %s\r\n", facts.items[i].label, facts.items[i].value);
    qmon__words_trace(event, 60, text, sizeof text);
    if (text[0])
        fprintf(out, "\r\nTrace\r\n%s\r\n", text);
    qmon__words_last_lines(event, text, sizeof text);
    if (text[0])
        fprintf(out, "\r\nStandard error\r\n%s\r\n", text);
}

static void add_code(FILE *out, const char *heading, const char *text) {
    if (!text[0])
        return;
    if (heading[0])
        fprintf(out, "<h4>%s</h4>\r\n", heading);
    fputs("<pre style=\"background:#f6f6f6;padding:8px\">", out);
    add_html(out, text);
    fputs("</pre>\r\n", out);
}

static void write_html(FILE *out, const struct qmon_event *event) {
    static const char *const colours[4] = {"#3498db", "#c79a00", "#e67e22", "#c0392b"};
    char text[TRACE_BYTES];
    struct qmon__facts facts;

    fprintf(out,
            "<!DOCTYPE html><html><body style=\"font-family:sans-serif\">\r\n<h2 style=\"border-left:6px solid %s;"
            "padding-left:8px\">",
            qmon__words_severity(event, colours));
    qmon__words_title(event, true, text, WHAT_BYTES);
    add_html(out, text);
    fputs("</h2>\r\n<p style=\"white-space:pre-line\">", out);
    qmon__words_what(event, text, WHAT_BYTES);
    add_html(out, text);
    fputs("</p>\r\n<table>\r\n", out);
    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        fprintf(out, "<tr><th style=\"text-align:left;padding-right:12px\">%s</th><td>", facts.items[i].label);
        add_html(out, facts.items[i].value);
        fputs("</td></tr>\r\n", out);
    }
    fputs("</table>\r\n", out);
    qmon__words_trace(event, 60, text, sizeof text);
    add_code(out, "", text);
    qmon__words_last_lines(event, text, sizeof text);
    add_code(out, "Standard error", text);
    fputs("</body></html>\r\n", out);
}

static bool add_part(FILE *out, const struct qmon_event *event, const char *type,
                     void (*write)(FILE *out, const struct qmon_event *event)) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *part = open_memstream(&text, &bytes);

    if (!part)
        return false;
    write(part, event);
    bool fine = fclose(part) == 0;
    if (fine) {
        fprintf(out, "--%s.part\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                event->id, type);
        add_encoded(out, text, bytes);
    }
    free(text);
    return fine;
}

char *qmon__email_render(const struct qmon_event *event, const struct qmon__email *email, uint64_t now_ns) {
    char *message = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&message, &bytes);

    if (!out)
        return NULL;
    add_headers(out, event, email, now_ns);
    fprintf(out, "Content-Type: multipart/alternative; boundary=\"%s.part\"\r\n\r\n", event->id);
    bool fine = add_part(out, event, "text/plain", write_text) && add_part(out, event, "text/html", write_html);
    fprintf(out, "--%s.part--\r\n", event->id);
    if (fclose(out) == 0 && fine)
        return message;
    free(message);
    return NULL;
}
