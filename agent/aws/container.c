/*
 * container.c: credentials that ECS and EKS (Pod Identity) hand to a container.
 *
 * A full address may be one of https, or of http only where nobody can listen in: the loopback and the addresses of these
 * services. The token goes to that address alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "search.h"

#define ECS_HOST "http://169.254.170.2"
#define MOST_MS 2000u
static const char what[] = "the container's credentials endpoint";

bool qmon__aws_is_container(void) {
    return qmon__aws_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
           qmon__aws_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL;
}

static bool is_trusted(const char *url) {
    static const char *const hosts[] = {"localhost",     "127.0.0.1",      "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

    if (strncmp(url, "https://", 8) == 0)
        return true;
    if (strncmp(url, "http://", 7) != 0)
        return false;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t bytes = strlen(hosts[i]);
        if (strncmp(url + 7, hosts[i], bytes) == 0 && strchr(":/", url[7 + bytes]) != NULL)
            return true;
    }
    return false;
}

/* "Authorization: ..." into ret_header; "" where there is none. */
static int find_token(struct qmon__aws_search *search, char *ret_header, size_t bytes) {
    const char *path = qmon__aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = qmon__aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *text = path != NULL ? qmon__aws_read(path) : NULL;
    bool fine = true;

    ret_header[0] = '\0';
    if (path != NULL && text == NULL)
        return qmon__aws_fail(search, -errno, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s", strerror(errno));
    if (text != NULL)
        token = text;
    if (token != NULL) {
        fine = strlen(token) < bytes - 32 && strpbrk(token, "\r\n") == NULL;
        if (fine)
            snprintf(ret_header, bytes, "Authorization: %s", token);
    }
    qmon__aws_free(text);
    return fine ? 0 : qmon__aws_fail(search, -EINVAL, "the container's authorization token is not a token");
}

int qmon__aws_container(struct qmon__aws_search *search) {
    const char *relative = qmon__aws_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = qmon__aws_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    char url[1024], token[8192];
    const char *const headers[] = {token, NULL};
    struct qmon__aws_question question = {.what = what, .method = "GET", .url = url, .most_ms = MOST_MS};
    char *body;
    int r;

    if (relative == NULL && full == NULL)
        return 1;
    if (relative != NULL)
        snprintf(url, sizeof url, ECS_HOST "%s%s", relative[0] == '/' ? "" : "/", relative);
    else
        snprintf(url, sizeof url, "%s", full);
    if (!is_trusted(url))
        return qmon__aws_fail(search, -EINVAL,
                              "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine");
    r = find_token(search, token, sizeof token);
    if (r < 0)
        return r;
    question.headers = token[0] != '\0' ? headers : NULL;
    r = qmon__aws_ask(search, &question, &body);
    explicit_bzero(token, sizeof token);
    if (r < 0)
        return r;
    r = qmon__aws_read_json(search, what, body);
    qmon__aws_free(body);
    snprintf(search->access->source, sizeof search->access->source, "the container's credentials endpoint (%s)",
             relative != NULL ? "ECS" : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    return r;
}
