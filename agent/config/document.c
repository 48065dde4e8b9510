/*
 * document.c: from a path to a parsed JSON object, with the line of whatever is wrong.
 */
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "value.h"

static int read_bounded(int fd, char **ret_text, size_t *ret_bytes) {
    char *text = malloc(QMON__DOCUMENT_BYTES_MAX + 2);
    size_t got = 0;

    if (text == NULL)
        return -ENOMEM;
    while (got <= QMON__DOCUMENT_BYTES_MAX) {
        ssize_t n = read(fd, text + got, QMON__DOCUMENT_BYTES_MAX + 1 - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int r = -errno;
            free(text);
            return r;
        }
        if (n == 0)
            break;
        got += (size_t) n;
    }
    if (got > QMON__DOCUMENT_BYTES_MAX) {
        free(text);
        return -EFBIG;
    }
    text[got] = '\0';
    *ret_text = text;
    *ret_bytes = got;
    return 0;
}

int qmon__document_read(const char *path, char **ret_text, size_t *ret_bytes, char *ret_why) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int r;

    if (fd < 0 || fstat(fd, &status) < 0)
        r = -errno;
    else if (!S_ISREG(status.st_mode))
        r = -EINVAL;
    else
        r = read_bounded(fd, ret_text, ret_bytes);
    if (fd >= 0)
        close(fd);
    if (r == -EINVAL)
        snprintf(ret_why, QMON__WHY_BYTES, "not a regular file");
    else if (r == -EFBIG)
        snprintf(ret_why, QMON__WHY_BYTES, "larger than %u bytes", QMON__DOCUMENT_BYTES_MAX);
    else if (r < 0)
        snprintf(ret_why, QMON__WHY_BYTES, "%s", strerror(-r));
    return r;
}

static struct qmon__place place_of(const char *text, size_t offset) {
    struct qmon__place place = {1, 1};

    for (size_t i = 0; i < offset; i++)
        place = qmon__place_behind(place, text[i]);
    return place;
}

static int refuse(const char *text, size_t offset, const char *why, struct qmon__place *ret_place, char *ret_why) {
    *ret_place = place_of(text, offset);
    snprintf(ret_why, QMON__WHY_BYTES, "%s", why);
    return -EINVAL;
}

static int judge(struct json_tokener *tokener, struct json_object *document, const char *text, size_t bytes,
                 struct qmon__place *ret_place, char *ret_why) {
    size_t at = json_tokener_get_parse_end(tokener);
    enum json_tokener_error error = json_tokener_get_error(tokener);

    if (error == json_tokener_continue || error == json_tokener_error_parse_eof)
        return refuse(text, bytes, "the file ends in the middle of a value", ret_place, ret_why);
    if (error != json_tokener_success)
        return refuse(text, at, json_tokener_error_desc(error), ret_place, ret_why);
    if (!json_object_is_type(document, json_type_object))
        return refuse(text, 0, "not a JSON object", ret_place, ret_why);
    for (; at < bytes; at++)
        if (strchr(" \t\r\n", text[at]) == NULL)
            return refuse(text, at, "something stands behind the JSON object", ret_place, ret_why);
    return 0;
}

int qmon__document_parse(const char *text, size_t bytes, struct json_object **ret_document,
                         struct qmon__place *ret_place, char *ret_why) {
    const char *nul = memchr(text, '\0', bytes);
    struct json_object *document;
    struct json_tokener *tokener;
    int r;

    if (nul != NULL)
        return refuse(text, (size_t) (nul - text), "a NUL byte", ret_place, ret_why);
    tokener = json_tokener_new_ex(QMON__DOCUMENT_DEPTH_MAX);
    if (tokener == NULL)
        return -ENOMEM;
    json_tokener_set_flags(tokener,
                           JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS | JSON_TOKENER_VALIDATE_UTF8);
    document = json_tokener_parse_ex(tokener, text, (int) bytes + 1); /* the NUL ends a number */
    r = judge(tokener, document, text, bytes, ret_place, ret_why);
    json_tokener_free(tokener);
    if (r < 0) {
        json_object_put(document);
        return r;
    }
    *ret_document = document;
    return 0;
}
