#include "sigv4_check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define HASH_BYTES 32

struct authorization {
    char key_id[160], day[16], region[64], service[32], names[512], signature[80];
};

static void hex(const unsigned char *hash, char *ret_text) {
    for (int i = 0; i < HASH_BYTES; i++)
        sprintf(ret_text + 2 * i, "%02x", hash[i]);
}

static void hash_of(const char *data, size_t bytes, char *ret_text) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length;

    EVP_Digest(data, bytes, hash, &length, EVP_sha256(), NULL);
    hex(hash, ret_text);
}

static void keyed(const void *key, size_t key_bytes, const char *text, unsigned char *ret_hash) {
    unsigned length;

    HMAC(EVP_sha256(), key, (int) key_bytes, (const unsigned char *) text, strlen(text), ret_hash, &length);
}

static bool read_authorization(const struct http_seen *request, struct authorization *ret_parts) {
    char value[1024];

    return http_seen_header(request, "Authorization", value, sizeof value) &&
           sscanf(value,
                  "AWS4-HMAC-SHA256 Credential=%159[^/]/%15[^/]/%63[^/]/%31[^/]/aws4_request, SignedHeaders=%511[^,], "
                  "Signature=%79s",
                  ret_parts->key_id, ret_parts->day, ret_parts->region, ret_parts->service, ret_parts->names,
                  ret_parts->signature) == 6;
}

static bool is_signed(const char *names, const char *name, size_t bytes) {
    for (const char *at = names; *at != '\0'; at += strcspn(at, ";"), at += *at == ';')
        if (strcspn(at, ";") == bytes && strncasecmp(at, name, bytes) == 0)
            return true;
    return false;
}

/* Whatever must be signed, is. */
static bool all_signed(const struct http_seen *request, const char *names) {
    for (const char *line = request->headers; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t bytes = strcspn(line, ":\r\n");
        bool matters = strncasecmp(line, "x-amz-", 6) == 0 || strncasecmp(line, "content-type:", 13) == 0 ||
                       strncasecmp(line, "host:", 5) == 0;
        if (matters && !is_signed(names, line, bytes))
            return false;
    }
    return is_signed(names, "host", 4) && is_signed(names, "x-amz-date", 10);
}

static char *canonical_request(const struct http_seen *request, const char *names) {
    char *text = NULL, value[16384], name[128], body_hash[65];
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    fprintf(out, "%s\n%s\n\n", request->method, request->path);
    for (const char *at = names; *at != '\0'; at += strcspn(at, ";"), at += *at == ';') {
        snprintf(name, sizeof name, "%.*s", (int) strcspn(at, ";"), at);
        if (!http_seen_header(request, name, value, sizeof value))
            strcpy(value, "(not sent)");
        fprintf(out, "%s:%s\n", name, value);
    }
    hash_of(request->body, request->body_bytes, body_hash);
    fprintf(out, "\n%s\n%s", names, body_hash);
    fclose(out);
    return text;
}

static void signature_of(const struct http_seen *request, const struct authorization *parts, const char *secret,
                         const char *date, char *ret_signature) {
    char *canonical = canonical_request(request, parts->names);
    char key[300], to_sign[512], hashed[65];
    unsigned char a[HASH_BYTES], b[HASH_BYTES];

    hash_of(canonical, strlen(canonical), hashed);
    free(canonical);
    snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", date, parts->day,
             parts->region, parts->service, hashed);
    snprintf(key, sizeof key, "AWS4%s", secret);
    keyed(key, strlen(key), parts->day, a);
    keyed(a, sizeof a, parts->region, b);
    keyed(b, sizeof b, parts->service, a);
    keyed(a, sizeof a, "aws4_request", b);
    keyed(b, sizeof b, to_sign, a);
    hex(a, ret_signature);
}

static bool is_recent(const char *date, const char *day) {
    struct tm parts = {0};
    const char *end = strptime(date, "%Y%m%dT%H%M%SZ", &parts);
    double age_s = end != NULL && *end == '\0' ? difftime(time(NULL), timegm(&parts)) : 1e9;

    return age_s > -5 && age_s < 300 && strncmp(date, day, 8) == 0 && strlen(day) == 8;
}

const char *sigv4_check(const struct http_seen *request, const struct sigv4_expected *expected) {
    struct authorization parts;
    char date[32], token[16384] = "", ours[65];

    if (!read_authorization(request, &parts))
        return "there is no Authorization of that kind";
    if (!http_seen_header(request, "X-Amz-Date", date, sizeof date) || !is_recent(date, parts.day))
        return "the date is missing or wrong";
    if (strcmp(parts.key_id, expected->key_id) != 0 || strcmp(parts.region, expected->region) != 0 ||
        strcmp(parts.service, expected->service) != 0)
        return "the scope is another one";
    http_seen_header(request, "X-Amz-Security-Token", token, sizeof token);
    if (strcmp(token, expected->token) != 0)
        return "the session token is another one";
    if (!all_signed(request, parts.names))
        return "a header that must be signed is not";
    signature_of(request, &parts, expected->secret, date, ours);
    return strcmp(ours, parts.signature) == 0 ? NULL : "the signature does not match";
}
