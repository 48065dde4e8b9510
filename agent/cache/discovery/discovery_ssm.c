/* discovery_ssm.c: GetParameters of the AWS Systems Manager. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/aws.h>
#include <qmon/clock.h>

#include "discovery.h"

#define DEFAULT_PORT 6379
#define BODY_BYTES 2048

static const char *member(struct json_object *object, const char *name) {
    struct json_object *value;

    return json_object_object_get_ex(object, name, &value) && json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : "";
}

static int fail(struct qmon__place *place, int error, const char *words) {
    snprintf(place->problem, sizeof place->problem, "%s", words);
    return error;
}

static int take_port(struct qmon__place *place, const char *value) {
    char *end;
    unsigned long port = strtoul(value, &end, 10);

    if (port == 0 || port > UINT16_MAX || *end != '\0')
        return fail(place, -EBADMSG, "the parameter for the port is not a port");
    place->port = (uint16_t) port;
    return 0;
}

static int take_endpoint(struct qmon__place *place, const char *value) {
    size_t bytes = strlen(value);

    for (size_t i = 0; i < bytes; i++)
        if (value[i] <= ' ' || value[i] > '~')
            bytes = sizeof place->where;
    if (bytes == 0 || bytes >= sizeof place->where)
        return fail(place, -EBADMSG, "the parameter for the endpoint is not an address");
    strcpy(place->where, value);
    return 0;
}

static int read_parameters(const struct qmon__discovery *discovery, struct json_object *answer,
                           struct qmon__place *place) {
    size_t bytes = strlen(discovery->prefix);
    struct json_object *list;
    int r = 0;

    if (!json_object_object_get_ex(answer, "Parameters", &list) || !json_object_is_type(list, json_type_array))
        return fail(place, -EBADMSG, "SSM: the answer has no parameters in it");
    place->port = DEFAULT_PORT;
    for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++) {
        struct json_object *parameter = json_object_array_get_idx(list, i);
        const char *name = member(parameter, "Name");
        if (strncmp(name, discovery->prefix, bytes) != 0)
            continue;
        if (strcmp(name + bytes, "/endpoint") == 0)
            r = take_endpoint(place, member(parameter, "Value"));
        else if (strcmp(name + bytes, "/port") == 0)
            r = take_port(place, member(parameter, "Value"));
    }
    if (r == 0 && place->where[0] == '\0') {
        snprintf(place->problem, sizeof place->problem, "SSM has no parameter %.200s/endpoint", discovery->prefix);
        r = -ENODATA;
    }
    if (r < 0)
        place->where[0] = '\0';
    return r;
}

static int understand(const struct qmon__discovery *discovery, const struct qmon__http_response *response,
                      struct qmon__place *place) {
    struct json_object *answer;
    char words[200];
    int r;

    if (response->failure != QMON__HTTP_FINE || response->status != 200) {
        bool refused = qmon_aws_explain(response, words, sizeof words);
        if (refused)
            qmon_aws_forget();
        snprintf(place->problem, sizeof place->problem, "SSM: %s", words);
        return refused ? -EACCES : response->failure == QMON__HTTP_TIMEOUT ? -ETIMEDOUT : -EIO;
    }
    answer = json_tokener_parse(response->body);
    r = read_parameters(discovery, answer, place);
    json_object_put(answer);
    return r;
}

static int ask(const struct qmon__discovery *discovery, const struct qmon_aws_access *access, uint64_t timeout_ms,
               struct qmon__place *place) {
    struct qmon__http_response response;
    char body[BODY_BYTES];
    int r;

    snprintf(body, sizeof body, "{\"Names\":[\"%s/endpoint\",\"%s/port\"],\"WithDecryption\":true}", discovery->prefix,
             discovery->prefix);
    qmon_aws_send(access,
                  &(struct qmon_aws_request){.service = "ssm",
                                             .endpoint_id = "SSM",
                                             .path = "/",
                                             .target = "AmazonSSM.GetParameters",
                                             .content_type = "application/x-amz-json-1.1",
                                             .body = body,
                                             .body_bytes = strlen(body),
                                             .timeout_ms = timeout_ms},
                  &response);
    r = understand(discovery, &response, place);
    qmon__http_clear(&response);
    return r;
}

int qmon__discovery_ask(const struct qmon__discovery *discovery, uint64_t timeout_ms, struct qmon__place *ret_place,
                        char *ret_how, size_t bytes) {
    struct qmon_aws_access *access = calloc(1, sizeof *access);
    char why[QMON_AWS_WHY_BYTES];
    uint64_t began_ms = qmon_real_ms(), took_ms;
    int r;

    memset(ret_place, 0, sizeof *ret_place);
    ret_place->tried_ms = began_ms;
    if (access == NULL)
        return fail(ret_place, -ENOMEM, "out of memory");
    r = qmon_aws_find(timeout_ms, access, why);
    took_ms = qmon_real_ms() - began_ms;
    if (r < 0)
        fail(ret_place, r, why);
    else
        r = ask(discovery, access, took_ms < timeout_ms ? timeout_ms - took_ms : 1, ret_place);
    if (r == 0)
        ret_place->found_ms = qmon_real_ms();
    if (access->source[0] != '\0')
        snprintf(ret_how, bytes, "credentials of %s, region %s (%s)", access->source, access->region,
                 access->region_source);
    else
        snprintf(ret_how, bytes, "%s", ret_place->problem);
    qmon_aws_clear(access);
    free(access);
    return r;
}
