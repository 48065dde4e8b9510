#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qmon/clock.h>

#define FILE_BYTES_MAX (64u * 1024u)

int qmon__aws_fail(struct qmon__aws_search *search, int error, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(search->why, QMON_AWS_WHY_BYTES, format, arguments);
    va_end(arguments);
    for (char *c = search->why; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return error;
}

uint64_t qmon__aws_left_ms(const struct qmon__aws_search *search, uint64_t most_ms) {
    uint64_t now_ms = qmon_monotonic_ms();
    uint64_t left_ms = search->deadline_ms > now_ms ? search->deadline_ms - now_ms : 1;

    return left_ms < most_ms ? left_ms : most_ms;
}

const char *qmon__aws_variable(const char *name) {
    const char *value = secure_getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool qmon__aws_keep(char *to, size_t bytes, const char *text) {
    size_t length = text != NULL ? strlen(text) : 0;

    if (length >= bytes)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    if (length > 0)
        memcpy(to, text, length);
    to[length] = '\0';
    return true;
}

char *qmon__aws_read(const char *path) {
    char *text = malloc(FILE_BYTES_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t bytes = 0;
    ssize_t got = -1;

    while (text != NULL && fd >= 0 && (got = read(fd, text + bytes, FILE_BYTES_MAX - bytes)) > 0)
        bytes += (size_t) got;
    if (fd >= 0)
        close(fd);
    if (got < 0) {
        free(text);
        return NULL;
    }
    while (bytes > 0 && strchr(" \t\r\n", text[bytes - 1]) != NULL)
        bytes--;
    text[bytes] = '\0';
    return text;
}

static int error_of(const struct qmon__http_response *response) {
    switch (response->failure) {
    case QMON__HTTP_TIMEOUT:
        return -ETIMEDOUT;
    case QMON__HTTP_CONNECT:
        return -ECONNREFUSED;
    case QMON__HTTP_RESOLVE:
        return -ENXIO;
    case QMON__HTTP_MEMORY:
        return -ENOMEM;
    case QMON__HTTP_NO_LIBRARY:
        return -ENOSYS;
    default:
        return -EIO;
    }
}

int qmon__aws_ask(struct qmon__aws_search *search, const struct qmon__aws_question *question, char **ret_body) {
    const struct qmon__http_request request = {
        .method = question->method,
        .url = question->url,
        .headers = question->headers,
        .body = strcmp(question->method, "GET") == 0 ? NULL : "",
        .timeout_ms = qmon__aws_left_ms(search, question->most_ms),
        .direct = true,
    };
    struct qmon__http_response response;
    int r = 0;

    if (!qmon__http_send(&request, &response)) {
        const char *words = strchr(response.reason, ' ');
        r = qmon__aws_fail(search, error_of(&response), "%s: %s", question->what,
                           words != NULL ? words + 1 : response.reason);
    } else if (response.status != 200 || response.body_cut) {
        r = response.status == 401 || response.status == 403 ? -EACCES : -EIO;
        if (response.status == 404)
            r = -ENOENT;
        qmon__aws_fail(search, r, "%s: it answered with status %ld", question->what, response.status);
    } else {
        *ret_body = response.body;
        return 0;
    }
    qmon__http_clear(&response);
    return r;
}

void qmon__aws_free(char *body) {
    if (body != NULL)
        explicit_bzero(body, strlen(body));
    free(body);
}

uint64_t qmon__aws_time(const char *text) {
    struct tm parts = {0};
    int read = 0;
    time_t seconds;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
               &parts.tm_min, &parts.tm_sec, &read) != 6 ||
        read != 19)
        return 0;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    seconds = timegm(&parts);
    return seconds > 0 ? (uint64_t) seconds * 1000 : 0;
}

static const char *text_of(struct json_object *object, const char *name) {
    struct json_object *value;

    return json_object_object_get_ex(object, name, &value) && json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : NULL;
}

int qmon__aws_read_json(struct qmon__aws_search *search, const char *what, const char *json) {
    struct qmon_aws_access *access = search->access;
    struct json_object *object = json_tokener_parse(json);
    const char *key_id = text_of(object, "AccessKeyId"), *secret = text_of(object, "SecretAccessKey");
    const char *token = text_of(object, "Token"), *expires = text_of(object, "Expiration");
    int r = 0;

    if (token == NULL) /* as programs of a profile say it */
        token = text_of(object, "SessionToken");
    if (key_id == NULL || secret == NULL || !qmon__aws_keep(access->key_id, sizeof access->key_id, key_id) ||
        !qmon__aws_keep(access->secret, sizeof access->secret, secret) ||
        !qmon__aws_keep(access->token, sizeof access->token, token))
        r = qmon__aws_fail(search, -EBADMSG, "%s: what it answered are no credentials", what);
    access->expires_ms = expires != NULL ? qmon__aws_time(expires) : 0;
    json_object_put(object);
    return r;
}
