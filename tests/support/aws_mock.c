#include "aws_mock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUARTER                                                                                                        \
    "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+abc/def+ghi012345678901234567890ABCDEFGHIJKLMNOPQ/"
const char mock_token[] = QUARTER QUARTER QUARTER QUARTER QUARTER QUARTER QUARTER QUARTER QUARTER QUARTER QUARTER "==";
#define METADATA_TOKEN "AQAEAMetadataToken=="
#define FAR_AWAY "2099-01-01T00:00:00Z"

static void complain(struct aws_mock *mock, const char *what) {
    atomic_store(&mock->complaint, what);
}

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...) {
    char *made = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&made, format, arguments) < 0)
        made = NULL;
    va_end(arguments);
    return made;
}

static char *json_credentials(const char *key_id) {
    return text("{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"" MOCK_SECRET "\",\"Token\":\"%s\","
                "\"Expiration\":\"" FAR_AWAY "\"}",
                key_id, mock_token);
}

static char *metadata(struct aws_mock *mock, const struct http_seen *request, int *ret_status) {
    static const char roles[] = "/latest/meta-data/iam/security-credentials/";
    char value[128];

    atomic_fetch_add(&mock->imds_count, 1);
    if (strcmp(request->path, "/latest/api/token") == 0) {
        if (strcmp(request->method, "PUT") != 0 ||
            !http_seen_header(request, "X-aws-ec2-metadata-token-ttl-seconds", value, sizeof value))
            complain(mock, "IMDS was asked for a token in another way");
        return strdup(METADATA_TOKEN);
    }
    if (!http_seen_header(request, "X-aws-ec2-metadata-token", value, sizeof value) ||
        strcmp(value, METADATA_TOKEN) != 0) {
        *ret_status = 401;
        complain(mock, "IMDS was asked without its token");
        return NULL;
    }
    if (strcmp(request->path, "/latest/meta-data/placement/region") == 0)
        return strdup("us-west-2");
    if (mock->instance_role != NULL && strcmp(request->path, roles) == 0)
        return strdup(mock->instance_role);
    if (mock->instance_role != NULL && strncmp(request->path, roles, sizeof roles - 1) == 0 &&
        strcmp(request->path + sizeof roles - 1, mock->instance_role) == 0)
        return json_credentials(MOCK_INSTANCE_KEY);
    *ret_status = 404;
    return NULL;
}

static char *container(struct aws_mock *mock, const struct http_seen *request, int *ret_status) {
    char value[256] = "";

    atomic_fetch_add(&mock->container_count, 1);
    http_seen_header(request, "Authorization", value, sizeof value);
    if (mock->container_token != NULL && strcmp(value, mock->container_token) != 0) {
        *ret_status = 403;
        return NULL;
    }
    return json_credentials(MOCK_CONTAINER_KEY);
}

static char *sts(struct aws_mock *mock, const struct http_seen *request, int *ret_status) {
    struct sigv4_expected expected = mock->expected;
    bool by_web = strstr(request->body, "Action=AssumeRoleWithWebIdentity&") != NULL;

    atomic_fetch_add(&mock->sts_count, 1);
    expected.service = "sts";
    if (strstr(request->body, "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fqmon&") == NULL)
        complain(mock, "STS was asked for another role");
    else if (by_web && strstr(request->body, "&WebIdentityToken=" MOCK_WEB_TOKEN) == NULL)
        complain(mock, "STS was shown another token");
    else if (!by_web && sigv4_check(request, &expected) != NULL)
        complain(mock, sigv4_check(request, &expected));
    else
        return text("<AssumeRoleResponse><AssumeRoleResult><Credentials>\n<AccessKeyId>" MOCK_ROLE_KEY
                    "</AccessKeyId><SecretAccessKey>" MOCK_SECRET "</SecretAccessKey><SessionToken>%s</SessionToken>"
                    "<Expiration>" FAR_AWAY "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
                    mock_token);
    *ret_status = 403;
    return strdup("<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error>"
                  "</ErrorResponse>");
}

static char *parameter(const struct aws_mock *mock, const char *name, const char *value, const char *comma) {
    return text("%s{\"Name\":\"%s/%s\",\"Type\":\"String\",\"Value\":\"%s\"}", comma, mock->prefix, name, value);
}

static char *ssm(struct aws_mock *mock, const struct http_seen *request, int *ret_status) {
    const char *complaint = sigv4_check(request, &mock->expected);
    char *endpoint, *port, *all;

    atomic_fetch_add(&mock->ssm_count, 1);
    usleep(mock->delay_ms * 1000);
    if (complaint != NULL) {
        complain(mock, complaint);
        *ret_status = 400;
        return strdup("{\"__type\":\"InvalidSignatureException\",\"message\":\"The signature does not match\"}");
    }
    if (mock->ssm_status != 0) {
        *ret_status = mock->ssm_status;
        return strdup(mock->ssm_body);
    }
    endpoint = mock->endpoint != NULL ? parameter(mock, "endpoint", mock->endpoint, "") : strdup("");
    port = mock->port != NULL ? parameter(mock, "port", mock->port, mock->endpoint != NULL ? "," : "") : strdup("");
    all = text("{\"InvalidParameters\":[],\"Parameters\":[%s%s]}", endpoint, port);
    free(endpoint);
    free(port);
    return all;
}

static char *respond(void *context, const struct http_seen *request, int *ret_status) {
    struct aws_mock *mock = context;
    char value[64];

    if (strncmp(request->path, "/latest/", 8) == 0)
        return metadata(mock, request, ret_status);
    if (strcmp(request->path, "/container") == 0)
        return container(mock, request, ret_status);
    if (http_seen_header(request, "X-Amz-Target", value, sizeof value) &&
        strcmp(value, "AmazonSSM.GetParameters") == 0 &&
        http_seen_header(request, "Content-Type", value, sizeof value) &&
        strcmp(value, "application/x-amz-json-1.1") == 0)
        return ssm(mock, request, ret_status);
    if (request->body != NULL && strncmp(request->body, "Action=", 7) == 0)
        return sts(mock, request, ret_status);
    complain(mock, "a request that is none of ours");
    *ret_status = 400;
    return NULL;
}

static void forget_the_environment(void) {
    char name[128];

    for (size_t i = 0; environ[i] != NULL;) {
        snprintf(name, sizeof name, "%.*s", (int) strcspn(environ[i], "="), environ[i]);
        if (strncmp(name, "AWS_", 4) == 0)
            unsetenv(name);
        else
            i++;
    }
}

void aws_mock_start(struct aws_mock *mock) {
    struct http_server_options options = {.respond = respond, .context = mock};

    forget_the_environment();
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    mock->server = http_server_start(&options);
    cr_assert_not_null(mock->server);
    setenv("AWS_ENDPOINT_URL", http_server_url(mock->server, ""), 1);
}

void aws_mock_stop(struct aws_mock *mock) {
    http_server_stop(mock->server);
}

struct sigv4_expected aws_mock_expects(const char *key_id) {
    return (struct sigv4_expected){
        .key_id = key_id, .secret = MOCK_SECRET, .token = mock_token, .region = "us-west-2", .service = "ssm"};
}
