/*
 * redact.h: finding secrets in text. Private to redact*.c.
 *
 * A rule is asked at each place of a text whether a secret that it knows begins there, and answers with the secret's span.
 */
#ifndef QMON_PIPELINE_REDACT_H
#define QMON_PIPELINE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define QMON__BLOT "[redacted]"

struct qmon__scan { /* text[0 .. bytes), NUL-terminated too */
    const char *text;
    size_t bytes;
};

struct qmon__secret {
    size_t from, to; /* at <= from <= to <= bytes */
};

/* Does a secret's description (its prefix, its key, its scheme) begin at `at`? */
typedef bool qmon__secret_rule(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret);

qmon__secret_rule qmon__secret_token;  /* by their prefixes: xoxb-..., AKIA..., ghp_..., JSON web tokens */
qmon__secret_rule qmon__secret_url;    /* scheme://user:SECRET@host, hooks.slack.com/services/SECRET */
qmon__secret_rule qmon__secret_header; /* Authorization, Cookie, Bearer */
qmon__secret_rule qmon__secret_pair;   /* password=SECRET, "token": "SECRET", --api-key SECRET */
qmon__secret_rule qmon__secret_pem;    /* private keys */
qmon__secret_rule qmon__secret_option; /* mysql -pSECRET, curl -u user:SECRET, in a command as text */

bool qmon__begins_token(char c); /* may a token begin with it? */

struct qmon__option {
    const char *program; /* the beginning of its base name */
    const char *name;
    bool joined;       /* the value is part of the argument: -pSECRET; else it is the next one */
    bool behind_colon; /* only what stands behind the first ':' is secret: -u user:SECRET */
};
/* NULL: there is no such option. Both texts are looked at as far as they go along, a blank ends them. */
const struct qmon__option *qmon__find_option(const char *program, const char *argument);

/* Is this the name of a secret: "DB_PASSWORD", "--api-key", "authToken"? Not "password-file". */
bool qmon__names_secret(const char *name, size_t bytes);

bool qmon__is_name(char c); /* may stand in an identifier or a key */
bool qmon__is_blank(char c);
/* Does `text` stand at `at`, whatever its case? */
bool qmon__stands_at(const struct qmon__scan *scan, size_t at, const char *text);

#endif
