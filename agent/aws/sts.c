/* sts.c: credentials of a role, by the Security Token Service. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search.h"

#define BODY_BYTES (32u * 1024u)
#define MOST_MS 4000u

int qmon__aws_web_identity(struct qmon__aws_search *search) {
    const char *path = qmon__aws_variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    struct qmon__aws_role role = {.arn = qmon__aws_variable("AWS_ROLE_ARN"),
                                  .session_name = qmon__aws_variable("AWS_ROLE_SESSION_NAME"),
                                  .region = ""};
    char *token;
    int r;

    if (path == NULL || role.arn == NULL)
        return 1;
    token = qmon__aws_read(path);
    if (token == NULL)
        return qmon__aws_fail(search, -errno, "AWS_WEB_IDENTITY_TOKEN_FILE: %s", strerror(errno));
    role.web_identity = token;
    r = qmon__aws_assume(search, &role);
    qmon__aws_free(token);
    if (r == 0)
        snprintf(search->access->source, sizeof search->access->source, "web identity, role %.128s", role.arn);
    return r;
}

/* "&name=value" behind what is there; false where it does not fit. */
static bool add(char *body, const char *name, const char *value) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    size_t used = strlen(body);

    if (value == NULL || value[0] == '\0')
        return true;
    if (used + strlen(name) + 3 * strlen(value) + 3 > BODY_BYTES)
        return false;
    used += (size_t) sprintf(body + used, "&%s=", name);
    for (; *value != '\0'; value++)
        if (strchr(plain, *value) != NULL)
            body[used++] = *value;
        else
            used += (size_t) sprintf(body + used, "%%%02X", (unsigned char) *value);
    body[used] = '\0';
    return true;
}

static bool compose(char *body, const struct qmon__aws_role *role) {
    char name[80];

    snprintf(name, sizeof name, "qmon-%ld", (long) getpid());
    snprintf(body, BODY_BYTES, "Action=%s&Version=2011-06-15",
             role->web_identity != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole");
    return add(body, "RoleArn", role->arn) &&
           add(body, "RoleSessionName",
               role->session_name != NULL && role->session_name[0] != '\0' ? role->session_name : name) &&
           add(body, "ExternalId", role->external_id) && add(body, "WebIdentityToken", role->web_identity);
}

/* What stands between <name> and </name>: keys and times, in which nothing is written as an entity. */
static bool element(const char *xml, const char *name, char *ret_text, size_t bytes) {
    char mark[64], text[8192];
    const char *at, *end;

    snprintf(mark, sizeof mark, "<%s>", name);
    at = strstr(xml, mark);
    end = at != NULL ? strstr(at, "</") : NULL;
    if (end == NULL)
        return false;
    at += strlen(mark);
    at += strspn(at, " \t\r\n");
    if (end < at || (size_t) (end - at) >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int) (end - at), at);
    text[strcspn(text, " \t\r\n")] = '\0';
    bool fine = text[0] != '\0' && qmon__aws_keep(ret_text, bytes, text);
    explicit_bzero(text, sizeof text);
    return fine;
}

static int understand(struct qmon__aws_search *search, const struct qmon__http_response *response) {
    struct qmon_aws_access *access = search->access;
    char words[160], expires[64] = "";

    if (response->failure != QMON__HTTP_FINE || response->status != 200) {
        bool refused = qmon_aws_explain(response, words, sizeof words);
        return qmon__aws_fail(search,
                              response->failure == QMON__HTTP_TIMEOUT ? -ETIMEDOUT
                              : refused                               ? -EACCES
                                                                      : -EIO,
                              "STS did not give the role's credentials: %s", words);
    }
    if (!element(response->body, "AccessKeyId", access->key_id, sizeof access->key_id) ||
        !element(response->body, "SecretAccessKey", access->secret, sizeof access->secret) ||
        !element(response->body, "SessionToken", access->token, sizeof access->token))
        return qmon__aws_fail(search, -EBADMSG, "STS: what it answered are no credentials");
    element(response->body, "Expiration", expires, sizeof expires);
    access->expires_ms = qmon__aws_time(expires);
    return 0;
}

/* Where no region is known, the service's global endpoint is asked. */
static const char *region_of(const struct qmon__aws_role *role, const struct qmon_aws_access *access) {
    const char *region = qmon__aws_variable("AWS_REGION");

    if (region == NULL)
        region = qmon__aws_variable("AWS_DEFAULT_REGION");
    if (region == NULL && role->region[0] != '\0')
        region = role->region;
    if (region == NULL && access->region[0] != '\0')
        region = access->region;
    return region != NULL ? region : "us-east-1";
}

static void send_unsigned(struct qmon__aws_search *search, const char *region, const char *body,
                          struct qmon__http_response *ret_response) {
    static const char *const headers[] = {"Accept: application/xml", NULL};
    char url[512];

    qmon_aws_endpoint(region, "STS", "sts", url, sizeof url);
    qmon__http_send(&(struct qmon__http_request){.method = "POST",
                                                 .url = url,
                                                 .content_type = "application/x-www-form-urlencoded",
                                                 .headers = headers,
                                                 .body = body,
                                                 .body_bytes = strlen(body),
                                                 .timeout_ms = qmon__aws_left_ms(search, MOST_MS)},
                    ret_response);
}

static void send_signed(struct qmon__aws_search *search, const char *region, const char *body,
                        struct qmon__http_response *ret_response) {
    static const char *const headers[] = {"Accept: application/xml", NULL};
    struct qmon_aws_access *access = search->access;

    snprintf(access->region, sizeof access->region, "%s", region);
    qmon_aws_send(access,
                  &(struct qmon_aws_request){.service = "sts",
                                             .endpoint_id = "STS",
                                             .path = "/",
                                             .content_type = "application/x-www-form-urlencoded",
                                             .headers = headers,
                                             .body = body,
                                             .body_bytes = strlen(body),
                                             .timeout_ms = qmon__aws_left_ms(search, MOST_MS)},
                  ret_response);
    access->region[0] = '\0'; /* found later, by its own ways */
}

int qmon__aws_assume(struct qmon__aws_search *search, const struct qmon__aws_role *role) {
    const char *region = region_of(role, search->access);
    struct qmon__http_response response;
    char *body = malloc(BODY_BYTES);
    int r;

    if (body == NULL || !compose(body, role)) {
        r = qmon__aws_fail(search, body == NULL ? -ENOMEM : -EINVAL, "the role or its token is too long");
        qmon__aws_free(body);
        return r;
    }
    if (role->web_identity != NULL)
        send_unsigned(search, region, body, &response);
    else
        send_signed(search, region, body, &response);
    qmon__aws_free(body);
    r = understand(search, &response);
    if (response.body != NULL)
        explicit_bzero(response.body, response.body_bytes);
    qmon__http_clear(&response);
    return r;
}
