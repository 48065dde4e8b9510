/* redact_words.c: the names that secrets go by. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <qmon/config.h>

#include "redact.h"

#define NAME_BYTES 96

bool qmon__is_name(char c) {
    return isalnum((unsigned char) c) || c == '_' || c == '-' || c == '.';
}

bool qmon__is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool qmon__stands_at(const struct qmon__scan *scan, size_t at, const char *text) {
    if (tolower((unsigned char) scan->text[at]) !=
        tolower((unsigned char) *text)) /* mostly: it is asked at each place */
        return false;
    size_t bytes = strlen(text);
    return bytes <= scan->bytes - at && strncasecmp(scan->text + at, text, bytes) == 0;
}

/* Compared without '_', '-' and '.', in lower case. */
static const char *const inside[] = {
    "password",   "passwd",     "passphrase",    "secret",    "token",      "apikey",     "accesskey",  "privatekey",
    "credential", "signingkey", "encryptionkey", "masterkey", "accountkey", "sharedkey",  "storagekey", "authkey",
    "sessionid",  "sessionkey", "sasl",          "signature", "clientkey",  "servicekey", "licensekey", "deploykey",
};
static const char *const endings[] = {"pass", "pwd", "passcode", "private"};
static const char *const whole[] = {"sig", "auth", "pin", "requirepass", "masterauth", "passin", "passout", "dsn"};
static const char *const harmless[] = {"file", "path", "dir",   "count", "length", "type", "name",   "url",
                                       "uri",  "id",   "field", "limit", "expiry", "ttl",  "policy", "endpoint"};

static bool ends_with(const char *text, size_t bytes, const char *ending) {
    size_t count = strlen(ending);
    return bytes >= count && memcmp(text + bytes - count, ending, count) == 0;
}

/* "db_pass", "dbPass", "PGPASS"; not "compass". */
static bool ends_as_word(const char *name, size_t bytes, const char *ending) {
    size_t count = strlen(ending);
    if (bytes < count || strncasecmp(name + bytes - count, ending, count) != 0)
        return false;
    const char *word = name + bytes - count;
    return word == name || !isalnum((unsigned char) word[-1]) || isupper((unsigned char) *word);
}

static bool names_secret(const char *plain) {
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (strstr(plain, inside[i]))
            return true;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (strcmp(plain, whole[i]) == 0)
            return true;
    return false;
}

/* Of our own options those that are secrets. */
static bool is_own_secret(const char *name, size_t bytes) {
    static const struct {
        const char *name;
        size_t bytes;
        unsigned flags;
    } own[] = {
#define OPTION(field, env, path, kind, fallback, flags, help) {env, sizeof env - 1, flags},
#define ALIAS(env, field)
#include <qmon/options.def>
#undef OPTION
#undef ALIAS
    };

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].bytes == bytes && (own[i].flags & QMON_OPTION_SECRET) && strncasecmp(own[i].name, name, bytes) == 0)
            return true;
    return false;
}

bool qmon__names_secret(const char *name, size_t bytes) {
    char plain[NAME_BYTES];
    size_t count = 0;

    if (is_own_secret(name, bytes))
        return true;
    if (bytes >= sizeof plain) {
        name += bytes - (sizeof plain - 1);
        bytes = sizeof plain - 1;
    }
    for (size_t i = 0; i < bytes; i++)
        if (name[i] != '_' && name[i] != '-' && name[i] != '.')
            plain[count++] = (char) tolower((unsigned char) name[i]);
    plain[count] = '\0';
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (ends_with(plain, count, harmless[i]) && strcmp(plain, "sessionid") != 0)
            return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_as_word(name, bytes, endings[i]))
            return strcmp(plain, "pwd") != 0 && strcmp(plain, "oldpwd") != 0;
    return names_secret(plain);
}
