/*
 * instance.c: what an EC2 instance is told about itself, by the metadata service (IMDSv2: a token first).
 *
 * It is asked only where there is a sign of EC2, so that elsewhere nobody waits for an address that does not answer. The
 * waits are short: the service is on the same machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "search.h"

#define MOST_MS 1000u
static const char what[] = "the instance metadata service";

static bool begins_with(const char *path, const char *prefix) {
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t bytes;

    if (fd < 0)
        return false;
    bytes = read(fd, text, sizeof text - 1);
    close(fd);
    return bytes > 0 && strncasecmp(text, prefix, strlen(prefix)) == 0;
}

bool qmon__aws_is_instance(void) {
    const char *disabled = qmon__aws_variable("AWS_EC2_METADATA_DISABLED");

    if (disabled != NULL && strcasecmp(disabled, "true") == 0)
        return false;
    return qmon__aws_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") != NULL ||
           begins_with("/sys/devices/virtual/dmi/id/sys_vendor", "Amazon EC2") ||
           begins_with("/sys/devices/virtual/dmi/id/bios_vendor", "Amazon EC2") ||
           begins_with("/sys/hypervisor/uuid", "ec2");
}

static void compose(char *url, size_t bytes, const char *path) {
    const char *endpoint = qmon__aws_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = qmon__aws_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (endpoint == NULL)
        endpoint = mode != NULL && strcasecmp(mode, "IPv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    size_t length = strlen(endpoint);
    while (length > 0 && endpoint[length - 1] == '/')
        length--;
    snprintf(url, bytes, "%.*s%s", (int) (length < 512 ? length : 512), endpoint, path);
}

static int get(struct qmon__aws_search *search, const char *token, const char *path, char **ret_body) {
    char url[1024], header[512];
    const char *const headers[] = {header, NULL};
    const struct qmon__aws_question question = {
        .what = what, .method = "GET", .url = url, .headers = headers, .most_ms = MOST_MS};

    compose(url, sizeof url, path);
    snprintf(header, sizeof header, "X-aws-ec2-metadata-token: %s", token);
    return qmon__aws_ask(search, &question, ret_body);
}

static int begin(struct qmon__aws_search *search, char *ret_token, size_t bytes) {
    static const char *const headers[] = {"X-aws-ec2-metadata-token-ttl-seconds: 300", NULL};
    char url[1024], *body;
    const struct qmon__aws_question question = {
        .what = what, .method = "PUT", .url = url, .headers = headers, .most_ms = MOST_MS};
    int r;

    compose(url, sizeof url, "/latest/api/token");
    r = qmon__aws_ask(search, &question, &body);
    if (r < 0)
        return r;
    if (body[0] == '\0' || !qmon__aws_keep(ret_token, bytes, body))
        r = qmon__aws_fail(search, -EBADMSG, "%s: what it answered is no token", what);
    qmon__aws_free(body);
    return r;
}

static int find_credentials(struct qmon__aws_search *search, const char *token) {
    static const char path[] = "/latest/meta-data/iam/security-credentials/";
    char of_role[512], role[256], *body;
    int r = get(search, token, path, &body);

    if (r == -ENOENT)
        return qmon__aws_fail(search, -ENOKEY, "this instance has no IAM role");
    if (r < 0)
        return r;
    body[strcspn(body, "\r\n")] = '\0';
    if (body[0] == '\0' || !qmon__aws_keep(role, sizeof role, body) || strchr(role, '/') != NULL)
        r = qmon__aws_fail(search, -EBADMSG, "%s: what it answered is no role", what);
    qmon__aws_free(body);
    if (r < 0)
        return r;
    snprintf(of_role, sizeof of_role, "%s%s", path, role);
    r = get(search, token, of_role, &body);
    if (r < 0)
        return r;
    r = qmon__aws_read_json(search, what, body);
    qmon__aws_free(body);
    snprintf(search->access->source, sizeof search->access->source, "the instance's role %.128s (IMDSv2)", role);
    return r;
}

int qmon__aws_instance(struct qmon__aws_search *search) {
    char token[256];
    int r;

    if (!qmon__aws_is_instance())
        return 1;
    r = begin(search, token, sizeof token);
    return r < 0 ? r : find_credentials(search, token);
}

int qmon__aws_instance_region(struct qmon__aws_search *search) {
    struct qmon_aws_access *access = search->access;
    char token[256], *body;
    int r;

    if (!qmon__aws_is_instance())
        return 1;
    r = begin(search, token, sizeof token);
    if (r == 0)
        r = get(search, token, "/latest/meta-data/placement/region", &body);
    if (r < 0)
        return r;
    if (!qmon__aws_keep(access->region, sizeof access->region, body))
        r = qmon__aws_fail(search, -EBADMSG, "%s: what it answered is no region", what);
    snprintf(access->region_source, sizeof access->region_source, "instance metadata");
    free(body);
    return r;
}
