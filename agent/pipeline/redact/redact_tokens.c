/* redact_tokens.c: secrets that show by themselves what they are: tokens with a known prefix, JSON web tokens, PEM blocks. */
#include <ctype.h>
#include <string.h>

#include "redact.h"

enum alphabet { UPPER_ALNUM, ALNUM, WORD }; /* WORD: and '_', '-', '.', '=' */

static const struct {
    const char *prefix;
    enum alphabet alphabet;
    size_t least; /* characters behind the prefix */
} prefixes[] = {
    {"xoxb-", WORD, 6},        {"xoxp-", WORD, 6},        {"xoxa-", WORD, 6},     {"xoxr-", WORD, 6},
    {"xoxs-", WORD, 6},        {"xoxe-", WORD, 6},        {"xoxe.", WORD, 6},     {"xapp-", WORD, 6},
    {"AKIA", UPPER_ALNUM, 16}, {"ASIA", UPPER_ALNUM, 16}, {"ghp_", ALNUM, 20},    {"gho_", ALNUM, 20},
    {"ghu_", ALNUM, 20},       {"ghs_", ALNUM, 20},       {"ghr_", ALNUM, 20},    {"github_pat_", WORD, 20},
    {"glpat-", WORD, 12},      {"sk_live_", ALNUM, 8},    {"sk_test_", ALNUM, 8}, {"rk_live_", ALNUM, 8},
    {"rk_test_", ALNUM, 8},    {"sk-", WORD, 20},         {"whsec_", WORD, 16},   {"AIza", WORD, 30},
    {"ya29.", WORD, 16},       {"npm_", ALNUM, 30},       {"pypi-", WORD, 30},    {"SG.", WORD, 30},
    {"hvs.", WORD, 16},        {"dop_v1_", ALNUM, 30},    {"shpat_", ALNUM, 16},  {"shpss_", ALNUM, 16},
    {"dckr_pat_", WORD, 16},   {"lin_api_", ALNUM, 16},   {"NRAK-", ALNUM, 16},   {"AGE-SECRET-KEY-", ALNUM, 16},
};

static bool is_of(enum alphabet alphabet, char c) {
    switch (alphabet) {
    case UPPER_ALNUM:
        return isupper((unsigned char) c) || isdigit((unsigned char) c);
    case ALNUM:
        return isalnum((unsigned char) c);
    default:
        return qmon__is_name(c) || c == '=';
    }
}

static size_t run_of(const struct qmon__scan *scan, size_t at, enum alphabet alphabet) {
    size_t bytes = 0;

    while (at + bytes < scan->bytes && is_of(alphabet, scan->text[at + bytes]))
        bytes++;
    return bytes;
}

static bool at_border(const struct qmon__scan *scan, size_t at) {
    return at == 0 || !isalnum((unsigned char) scan->text[at - 1]);
}

/* Three parts of base64url, the first of which is a JSON object: "eyJ...". */
static bool is_web_token(const struct qmon__scan *scan, size_t at, size_t bytes) {
    const char *dot = memchr(scan->text + at, '.', bytes);

    if (bytes < 20 || strncmp(scan->text + at, "eyJ", 3) != 0 || !dot)
        return false;
    return (size_t) (dot - scan->text) + 3 < at + bytes;
}

bool qmon__begins_token(char c) {
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (prefixes[i].prefix[0] == c)
            return true;
    return c == 'e'; /* of web tokens */
}

bool qmon__secret_token(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    if (!at_border(scan, at))
        return false;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (scan->text[at] != prefixes[i].prefix[0])
            continue;
        size_t prefix = strlen(prefixes[i].prefix);
        if (strncmp(scan->text + at, prefixes[i].prefix, prefix) != 0)
            continue;
        size_t bytes = run_of(scan, at + prefix, prefixes[i].alphabet);
        if (bytes < prefixes[i].least)
            continue;
        *ret_secret = (struct qmon__secret){at, at + prefix + bytes};
        return true;
    }
    size_t bytes = scan->text[at] == 'e' ? run_of(scan, at, WORD) : 0;
    if (!is_web_token(scan, at, bytes))
        return false;
    *ret_secret = (struct qmon__secret){at, at + bytes};
    return true;
}

bool qmon__secret_pem(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

    if (scan->text[at] != begin[0] || strncmp(scan->text + at, begin, sizeof begin - 1) != 0)
        return false;
    const char *label = scan->text + at + sizeof begin - 1;
    const char *body = strstr(label, dashes);
    if (!body || !memmem(label, (size_t) (body - label), "PRIVATE KEY", 11))
        return false;
    body += sizeof dashes - 1;
    const char *stop = strstr(body, end);
    ret_secret->from = (size_t) (body - scan->text);
    ret_secret->to = stop ? (size_t) (stop - scan->text) : scan->bytes;
    return true;
}
