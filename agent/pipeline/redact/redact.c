/*
 * redact.c: blots out secrets. Better one word too many than one secret told: what a rule takes for a secret goes, what it
 * stands behind (the key, the user, the host) stays, so that people still see what was there.
 */
#include "redact.h"

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "text_buffer.h"

/* What each rule wants to begin with; NULL: it says so itself. Most places are none of these. */
static const struct {
    qmon__secret_rule *rule;
    const char *beginnings;
} rules[] = {
    {qmon__secret_pem, "-"},    {qmon__secret_header, "aAbBcCxX"}, {qmon__secret_url, ":aAdDhHwW"},
    {qmon__secret_token, NULL}, {qmon__secret_pair, NULL},         {qmon__secret_option, "-"},
};

enum { URL = 2, RULES = sizeof rules / sizeof rules[0] };

static unsigned char begins[UCHAR_MAX + 1]; /* by the byte: a bit for each rule */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void note_beginnings(void) {
    for (unsigned i = 0; i < RULES; i++)
        for (unsigned byte = 1; byte <= UCHAR_MAX; byte++) {
            bool may = rules[i].beginnings                   ? strchr(rules[i].beginnings, (int) byte) != NULL
                       : rules[i].rule == qmon__secret_token ? qmon__begins_token((char) byte)
                                                             : qmon__is_name((char) byte);
            if (may)
                begins[byte] |= (unsigned char) (1u << i);
        }
}

/* In the middle of a word only an address can begin: the other rules want a word's beginning, or a '-'. */
static bool is_amid_word(const struct qmon__scan *scan, size_t at) {
    return at > 0 && isalnum((unsigned char) scan->text[at]) && isalnum((unsigned char) scan->text[at - 1]);
}

static bool find_secret(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    unsigned candidates = begins[(unsigned char) scan->text[at]];

    if (candidates != 0 && is_amid_word(scan, at))
        candidates &= 1u << URL;
    for (unsigned i = 0; candidates != 0 && i < RULES; i++)
        if ((candidates & 1u << i) && rules[i].rule(scan, at, ret_secret) && ret_secret->to > ret_secret->from)
            return true;
    return false;
}

const char *qmon_redact(struct qmon_event *event, const char *text) {
    text = qmon_event_text(event, text);
    if (!text)
        return NULL;
    pthread_once(&once, note_beginnings);
    const struct qmon__scan scan = {text, strlen(text)};
    struct qmon__buffer buffer = {0};
    size_t kept = 0;

    for (size_t at = 0; at < scan.bytes;) {
        struct qmon__secret secret;
        if (!find_secret(&scan, at, &secret)) {
            at++;
            continue;
        }
        qmon__buffer_add(&buffer, text + kept, secret.from - kept);
        qmon__buffer_string(&buffer, QMON__BLOT);
        kept = at = secret.to;
    }
    if (kept == 0)
        return text;
    qmon__buffer_string(&buffer, text + kept);
    char *blotted = qmon__buffer_take(&buffer);
    const char *copy = qmon_event_text(event, blotted);
    qmon__buffer_free(&buffer);
    free(blotted);
    return copy;
}
