/* send.c: a signed request, and what the answer says. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "profile.h"
#include "search.h"

#define HEADERS_MAX 16

static const char *domain_of(const char *region) {
    static const struct {
        const char *prefix, *domain;
    } domains[] = {{"cn-", "amazonaws.com.cn"}, {"us-isob-", "sc2s.sgov.gov"}, {"us-iso-", "c2s.ic.gov"}};

    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (strncmp(region, domains[i].prefix, strlen(domains[i].prefix)) == 0)
            return domains[i].domain;
    return "amazonaws.com";
}

static bool is_true(const char *name) {
    const char *value = qmon__aws_variable(name);

    return value != NULL && strcasecmp(value, "true") == 0;
}

static bool endpoint_of_profile(char *ret_url, size_t bytes) {
    struct qmon__aws_settings *settings = malloc(sizeof *settings);
    bool found;

    if (settings == NULL)
        return false;
    qmon__aws_read_profile(qmon__aws_profile_name(), settings);
    found = settings->endpoint_url[0] != '\0';
    if (found)
        snprintf(ret_url, bytes, "%s", settings->endpoint_url);
    qmon__aws_clear_profile(settings);
    free(settings);
    return found;
}

void qmon_aws_endpoint(const char *region, const char *endpoint_id, const char *host, char *ret_url, size_t bytes) {
    const char *url = NULL;
    char name[96];
    size_t length;

    snprintf(name, sizeof name, "AWS_ENDPOINT_URL_%s", endpoint_id);
    if (!is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
        url = qmon__aws_variable(name);
        if (url == NULL)
            url = qmon__aws_variable("AWS_ENDPOINT_URL");
        if (url != NULL)
            snprintf(ret_url, bytes, "%s", url);
        else if (endpoint_of_profile(ret_url, bytes))
            url = ret_url;
    }
    if (url == NULL)
        snprintf(ret_url, bytes, "https://%s%s.%s.%s", host, is_true("AWS_USE_FIPS_ENDPOINT") ? "-fips" : "", region,
                 domain_of(region));
    length = strlen(ret_url);
    while (length > 0 && ret_url[length - 1] == '/')
        ret_url[--length] = '\0';
}

bool qmon_aws_send(const struct qmon_aws_access *access, const struct qmon_aws_request *request,
                   struct qmon__http_response *ret_response) {
    char url[768], endpoint[512], sign_as[128], target[160], token[sizeof access->token + 32], pair[512];
    const char *headers[HEADERS_MAX + 3];
    size_t count = 0;
    bool answered;

    qmon_aws_endpoint(access->region, request->endpoint_id, request->host != NULL ? request->host : request->service,
                      endpoint, sizeof endpoint);
    snprintf(url, sizeof url, "%s%s", endpoint, request->path);
    snprintf(sign_as, sizeof sign_as, "aws:amz:%s:%s", access->region, request->service);
    snprintf(pair, sizeof pair, "%s:%s", access->key_id, access->secret);
    if (request->target != NULL) {
        snprintf(target, sizeof target, "X-Amz-Target: %s", request->target);
        headers[count++] = target;
    }
    if (access->token[0] != '\0') {
        snprintf(token, sizeof token, "X-Amz-Security-Token: %s", access->token);
        headers[count++] = token;
    }
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL && i < HEADERS_MAX; i++)
        headers[count++] = request->headers[i];
    headers[count] = NULL;
    answered = qmon__http_send(&(struct qmon__http_request){.method = "POST",
                                                            .url = url,
                                                            .content_type = request->content_type,
                                                            .headers = headers,
                                                            .body = request->body,
                                                            .body_bytes = request->body_bytes,
                                                            .ca_file = request->ca_file,
                                                            .timeout_ms = request->timeout_ms,
                                                            .sigv4 = sign_as,
                                                            .user_password = pair},
                               ret_response);
    explicit_bzero(pair, sizeof pair);
    explicit_bzero(token, sizeof token);
    return answered;
}

/* A member of a JSON answer, or an element of an XML one. */
static bool part_of(const char *body, const char *name, char *ret_text, size_t bytes) {
    struct json_object *object = json_tokener_parse(body), *value;
    char mark[64];
    const char *at;

    if (json_object_object_get_ex(object, name, &value) && json_object_is_type(value, json_type_string)) {
        snprintf(ret_text, bytes, "%s", json_object_get_string(value));
        json_object_put(object);
        return true;
    }
    json_object_put(object);
    snprintf(mark, sizeof mark, "<%s>", name);
    at = strstr(body, mark);
    if (at == NULL)
        return false;
    at += strlen(mark);
    snprintf(ret_text, bytes, "%.*s", (int) strcspn(at, "<"), at);
    return true;
}

static bool is_about_credentials(const char *name) {
    static const char *const names[] = {
        "UnrecognizedClientException", "InvalidClientTokenId",  "ExpiredTokenException", "ExpiredToken",
        "InvalidSignatureException",   "SignatureDoesNotMatch", "AccessDeniedException", "AccessDenied",
        "MissingAuthenticationToken",  "InvalidIdentityToken",  "IncompleteSignature",   "AuthFailure"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool qmon_aws_explain(const struct qmon__http_response *response, char *ret_words, size_t bytes) {
    char type[128] = "", message[256] = "";
    const char *body = response->body != NULL ? response->body : "", *name;

    if (response->failure != QMON__HTTP_FINE) {
        const char *words = strchr(response->reason, ' ');
        snprintf(ret_words, bytes, "%s", words != NULL ? words + 1 : response->reason);
        return false;
    }
    if (!part_of(body, "__type", type, sizeof type))
        part_of(body, "Code", type, sizeof type);
    if (!part_of(body, "message", message, sizeof message) && !part_of(body, "Message", message, sizeof message))
        message[0] = '\0';
    name = strrchr(type, '#');
    name = name != NULL ? name + 1 : type;
    if (name[0] == '\0')
        snprintf(ret_words, bytes, "it answered with status %ld", response->status);
    else
        snprintf(ret_words, bytes, "%s%s%s", name, message[0] != '\0' ? ": " : "", message);
    for (char *c = ret_words; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = ' ';
    return is_about_credentials(name);
}
