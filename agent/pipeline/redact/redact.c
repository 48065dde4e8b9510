/*
 * redact.c: blots out secrets. Better one word too many than one secret told: what a rule takes for a secret goes, what it
 * stands behind (the key, the user, the host) stays, so that people still see what was there.
 */
#include "redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "text_buffer.h"

static qmon__secret_rule *const rules[] = {qmon__secret_pem,   qmon__secret_header, qmon__secret_url,
                                           qmon__secret_token, qmon__secret_pair,   qmon__secret_option};

/* In the middle of a word only an address can begin: the other rules want a word's beginning, or a '-'. */
static bool is_amid_word(const struct qmon__scan *scan, size_t at) {
    return at > 0 && isalnum((unsigned char) scan->text[at]) && isalnum((unsigned char) scan->text[at - 1]);
}

static bool find_secret(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    if (is_amid_word(scan, at))
        return qmon__secret_url(scan, at, ret_secret) && ret_secret->to > ret_secret->from;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i](scan, at, ret_secret) && ret_secret->to > ret_secret->from)
            return true;
    return false;
}

const char *qmon_redact(struct qmon_event *event, const char *text) {
    text = qmon_event_text(event, text);
    if (!text)
        return NULL;
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
